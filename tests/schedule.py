"""How `make test` shares the tests among processes: by file, and all that browsers do in one.

A file stays in one process, so that what its tests share is made once. The long ones come first,
and a browser mostly waits for its page: a third process on two cores keeps both at work.
"""

from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling

BROWSER = "browser"


class ByFile(LoadScopeScheduling):
    """Gives each process the next file of the collection; files of browser tests are one."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """The tests that one process runs together with this one."""
    file = nodeid.partition("::")[0]
    return BROWSER if file.endswith("_browser.py") else file


def sort_longest_first(items: list[pytest.Item]) -> None:
    """Order tests in place: what browsers do first, then files by the number of slow tests."""
    slow = Counter(scope_of(item.nodeid) for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: _rank(item.nodeid, slow))


def _rank(nodeid: str, slow: Counter[str]) -> tuple[bool, int]:
    scope = scope_of(nodeid)
    return scope != BROWSER, -slow[scope]
