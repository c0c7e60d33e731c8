import threading
import time

import pytest

from demo_app.turns import Turns


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_turns_are_given_in_the_order_of_asking():
    turns, order = Turns(), []

    def ask(number):
        with turns:
            order.append(number)

    threads = []
    with turns:
        for number in range(20):
            threads.append(threading.Thread(target=ask, args=(number,)))
            threads[-1].start()
            wait_until(lambda count=number + 1: turns.waiting == count)
    for thread in threads:
        thread.join(20)
    assert order == list(range(20))


def test_one_who_asks_again_at_once_comes_after_those_who_wait():
    turns, order = Turns(), []

    def stream():
        while "photo" not in order:
            with turns:
                order.append("frame")

    def photo():
        with turns:
            order.append("photo")

    threads = [threading.Thread(target=work) for work in (stream, photo)]
    with turns:
        for count, thread in enumerate(threads, start=1):
            thread.start()
            wait_until(lambda count=count: turns.waiting == count)
    for thread in threads:
        thread.join(20)
    assert order[:2] == ["frame", "photo"]


def test_there_is_one_holder_at_a_time():
    turns, inside, most = Turns(), [], []

    def work():
        for _ in range(50):
            with turns:
                inside.append(1)
                most.append(len(inside))
                time.sleep(0)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 400
    assert max(most) == 1
    assert turns.waiting == 0


def test_an_error_passes_the_turn_on():
    turns = Turns()
    with pytest.raises(ValueError, match="mine"), turns:
        raise ValueError("mine")
    with turns:
        pass
