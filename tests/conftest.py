"""Settings of all tests: no network, one CPU thread, and the order in which processes take them.

The fixtures are in modules of their own: a process that only hands tests out to others, as that of
pytest-xdist does, loads neither them nor torch.
"""

import gc
import os
import shutil
import sys
import tempfile
from importlib import import_module

os.environ["FER_CORE_CACHE"] = tempfile.mkdtemp(prefix="fer-core-tests-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # also of the processes that tests start

import pytest

from tests.schedule import ByFile, sort_longest_first

FIXTURES = ("tests.tiny_run", "tests.written_run", "tests.written_maps", "tests.chromium")
OURS = sys.modules["__main__"]


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # the order of the files stays where one process runs all
        sort_longest_first(items)


def pytest_configure(config):
    hands_out = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if not hands_out or config.option.collectonly:
        for name in FIXTURES:
            config.pluginmanager.register(import_module(name), name)
    gc.disable()  # what imports and collection make stays: it need not be looked through


def pytest_collection_finish(session):
    gc.freeze()
    gc.enable()


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Streamlit leaves its page as `__main__`, which processes of later tests would then import."""
    sys.modules["__main__"] = OURS


def pytest_unconfigure():
    shutil.rmtree(os.environ["FER_CORE_CACHE"], ignore_errors=True)
