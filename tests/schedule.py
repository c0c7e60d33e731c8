"""How `make test` shares the tests among processes: by file, and what browsers do by app.

A file stays in one process, so that what its tests share is made once, and so do the browser tests
of an app. The long ones come first, and a browser mostly waits for its page: more processes than
cores keep the cores at work.
"""

from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling

BROWSER = "browser: "


class ByFile(LoadScopeScheduling):
    """Gives each process the next file of the collection; an app's browser tests are one."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """The tests that one process runs together with this one."""
    file = nodeid.partition("::")[0]
    if not file.endswith("_browser.py"):
        return file
    return BROWSER + file.removeprefix("tests/").partition("/")[0]


def sort_longest_first(items: list[pytest.Item]) -> None:
    """Order tests in place: what browsers do first, then files; those with most long tests lead."""
    long = Counter(scope_of(item.nodeid) for item in items if _is_long(item))
    items.sort(key=lambda item: _rank(scope_of(item.nodeid), long))


def _is_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("slow", "browser"))


def _rank(scope: str, long: Counter[str]) -> tuple[bool, int]:
    return not scope.startswith(BROWSER), -long[scope]
