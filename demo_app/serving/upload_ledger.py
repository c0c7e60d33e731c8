"""What visitors have uploaded lately: so much each, and so much in all."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from demo_app.serving.cleanup import OLDEST

VISITOR_MOST = 2000 * 2**20  # bytes that one address may upload before its first files are deleted
ALL_MOST = 6000 * 2**20  # bytes of all addresses together
WEB = "web"  # stands for the files that are fetched from web addresses


class UploadLedger:
    """Bytes that came in while files are kept (`serving.cleanup`), by address."""

    def __init__(
        self,
        visitor: int = VISITOR_MOST,
        everybody: int = ALL_MOST,
        kept: float = OLDEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing.

        Args:
            visitor: bytes that one address may send.
            everybody: bytes that all may send together.
            kept: seconds after which bytes no longer count.
            clock: seconds, which only grow.
        """
        self._visitor, self._everybody = visitor, everybody
        self._kept, self._clock = kept, clock
        self._entries: deque[tuple[float, str, int]] = deque()
        self._by_address: Counter[str] = Counter()
        self._guard = threading.Lock()

    def fault(self, address: str, coming: int = 1) -> str:
        """Why an address may not send so many bytes more; empty where it may."""
        with self._guard:
            self._forget()
            mine, all_of_them = self._by_address[address], self._by_address.total()
            if not mine:
                del self._by_address[address]
        if mine + coming > self._visitor:
            return _too_much("You have", self._visitor, self._kept)
        if all_of_them + coming > self._everybody:
            return _too_much("All visitors together have", self._everybody, self._kept)
        return ""

    def add(self, address: str, size: int) -> None:
        """Count bytes that have come in."""
        with self._guard:
            now = self._clock()
            if self._entries and self._entries[-1][1] == address and now - self._entries[-1][0] < 1:
                now, _, before = self._entries.pop()
                self._entries.append((now, address, before + size))
            else:
                self._entries.append((now, address, size))
            self._by_address[address] += size

    def _forget(self) -> None:
        before = self._clock() - self._kept
        while self._entries and self._entries[0][0] <= before:
            _, address, size = self._entries.popleft()
            self._by_address[address] -= size
            if self._by_address[address] <= 0:
                del self._by_address[address]


def _too_much(who: str, most: int, kept: float) -> str:
    return (
        f"{who} uploaded {most >> 20} MB within {kept / 60:.0f} minutes, which is the limit: try "
        "again when earlier files have been deleted."
    )
