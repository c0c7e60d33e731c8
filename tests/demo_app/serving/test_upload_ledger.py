import pytest

from demo_app.serving.upload_ledger import UploadLedger

MB = 2**20


@pytest.fixture
def clock():
    return iter(range(0, 100_000, 10)).__next__


def test_one_visitor_may_send_so_much_and_all_together_so_much(clock):
    ledger = UploadLedger(10 * MB, 25 * MB, clock=clock)
    ledger.add("a", 10 * MB)
    assert "You have uploaded 10 MB" in ledger.fault("a")
    assert ledger.fault("b", 10 * MB) == ""
    ledger.add("b", 10 * MB)
    assert "All visitors together" in ledger.fault("c", 6 * MB)
    assert ledger.fault("c", 5 * MB) == ""


def test_bytes_count_only_as_long_as_files_are_kept():
    now = [0.0]
    ledger = UploadLedger(10, 10, kept=60, clock=lambda: now[0])
    ledger.add("a", 10)
    now[0] = 59
    assert ledger.fault("a")
    now[0] = 61
    assert ledger.fault("a") == ""
    assert not ledger._by_address


def test_many_small_parts_are_one_entry():
    ledger = UploadLedger(clock=lambda: 1.0)
    for _ in range(1000):
        ledger.add("a", 1)
    assert len(ledger._entries) == 1
    assert ledger._by_address["a"] == 1000
