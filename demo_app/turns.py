"""Taking turns: a lock that is handed on in the order of asking."""

import threading
from collections import deque
from types import TracebackType


class Turns:
    """One holder at a time, first come, first served: ``with turns: ...``.

    A `threading.Lock` goes to whichever thread happens to wake up: a live stream that asks again
    at once can keep it from a photograph that has waited for long.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        mine.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()  # still taken: the turn passes on directly
            else:
                self._taken = False

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)
