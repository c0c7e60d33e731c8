import pytest

from demo_app.serving.attempts import ADDRESSES, FORGOTTEN, FREE, LONGEST, LoginAttempts


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def fail(attempts, address, times):
    for _ in range(times):
        attempts.fail(address)


def test_the_first_failures_are_free_and_each_further_one_doubles_the_wait(clock):
    attempts = LoginAttempts(clock)
    fail(attempts, "10.0.0.1", FREE - 1)
    assert attempts.wait("10.0.0.1") == 0
    waits = []
    for _ in range(12):
        attempts.fail("10.0.0.1")
        waits.append(attempts.wait("10.0.0.1"))
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST
    clock.now = LONGEST
    assert attempts.wait("10.0.0.1") == 0


def test_other_addresses_do_not_wait_but_a_network_of_ipv6_is_one(clock):
    attempts = LoginAttempts(clock)
    fail(attempts, "2001:db8::1", FREE)
    assert attempts.wait("2001:db8::ffff") > 0
    assert attempts.wait("2001:db8:0:1::1") == 0
    assert attempts.wait("10.0.0.1") == 0


def test_failures_are_forgotten_after_a_while(clock):
    attempts = LoginAttempts(clock)
    fail(attempts, "10.0.0.1", FREE + 5)
    clock.now = FORGOTTEN + 1
    attempts.fail("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 0


def test_a_login_forgives_the_failures_before_it(clock):
    attempts = LoginAttempts(clock)
    fail(attempts, "10.0.0.1", FREE + 2)
    attempts.forgive("10.0.0.1")
    attempts.forgive("10.0.0.2")
    attempts.fail("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 0


def test_the_table_of_addresses_does_not_grow_without_end(clock):
    attempts = LoginAttempts(clock)
    for number in range(ADDRESSES + 5):
        attempts.fail(f"host{number}")
    assert len(attempts._failures) == ADDRESSES
