"""Failed logins of each address: after some of them every further one has to wait."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 10  # failures without any delay
LONGEST = 60.0  # seconds
FORGOTTEN = 15 * 60.0  # seconds without a failure, after which all are forgiven
ADDRESSES = 10_000  # that are remembered


class LoginAttempts:
    """How long an address has to wait: 1, 2, 4, ... up to 60 seconds after its last failure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without a failure.

        Args:
            clock: seconds, which only grow.
        """
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds that an address still has to wait; 0: it may try."""
        count, last = self._failures.get(_network(address), (0, 0.0))
        since = self._clock() - last
        if count < FREE or since > FORGOTTEN:
            return 0.0
        return max(0.0, min(LONGEST, 2.0 ** min(count - FREE, 10)) - since)

    def fail(self, address: str) -> None:
        """Remember a failure."""
        key, now = _network(address), self._clock()
        count, last = self._failures.pop(key, (0, now))
        self._failures[key] = (1 if now - last > FORGOTTEN else count + 1, now)
        while len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)

    def forgive(self, address: str) -> None:
        """Forget an address's failures: it has logged in."""
        self._failures.pop(_network(address), None)


def _network(address: str) -> str:
    """Of IPv6 the network of a customer, who has all its addresses."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))
