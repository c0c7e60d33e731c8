"""Importing the demo changes nothing for the rest of the process: that waits for the start."""

import subprocess
import sys

import pytest

from tests.project import PROJECT

CODE = """
import logging, os, signal, sys, threading, warnings
import facenet_pytorch, gradio, gradio_client, httpx, pandas, plotly.graph_objects, torch
import scipy.sparse, scipy.special, timm
from gradio import blocks, processing_utils, routes
from PIL import Image, ImageFile

def functions(module):
    return {name: id(value) for name, value in vars(module).items() if callable(value)}

def state():
    logger = logging.getLogger()
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "warnings": list(warnings.filters),
        "logging": (logger.level, list(logger.handlers)),
        "threads": [thread.name for thread in threading.enumerate()],
        "images": (sorted(Image.OPEN), Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES),
        "torch": (torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype()),
        "hooks": (sys.excepthook, threading.excepthook),
        "gradio": {
            one.__name__: functions(one)
            for one in (blocks, blocks.Block, blocks.Blocks, processing_utils, routes, gradio.Image)
        },
    }

before = state()
import demo_app.app, demo_app.__main__, demo_app.serving.launch
after = state()
print([name for name in before if before[name] != after[name]])
"""


def printed_by(code):
    """What a new Python prints of a program."""
    words = [sys.executable, "-c", code]
    done = subprocess.run(
        words, capture_output=True, text=True, cwd=PROJECT, timeout=300, check=True
    )
    return done.stdout


@pytest.mark.slow
def test_importing_the_page_changes_nothing_global():
    assert printed_by(CODE) == "[]\n"


PAGE_CODE = """
import sys
from demo_app.analysis.model_pool import ModelPool
from demo_app.app import build
from demo_app.serving.launch import launch_options

build(ModelPool(backend="auto"))
launch_options()
print([name for name in ("torch", "timm", "facenet_pytorch") if name in sys.modules])
"""


@pytest.mark.slow
def test_the_page_is_built_without_pytorch_which_takes_as_long_to_import_as_all_the_rest():
    assert printed_by(PAGE_CODE) == "[]\n"
