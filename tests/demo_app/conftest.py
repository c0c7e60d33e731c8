"""A tiny model, drawn photographs, and the page in a real browser."""

import io
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.photo import analyse
from demo_app.app import build
from demo_app.serving.launch import launch_options
from fer_core.config.input_spec import InputSpec
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.emotions import EIGHT_CLASSES
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import save_model
from tests.made_analyses import smiling
from tests.warm_python import WarmPython


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    torch.manual_seed(3)
    model = AttentionModel("test_resnet", 8, image_size=64)
    # Positive weights: every class then has places that speak for it, so every map is drawn.
    model.classifier.weight.data = torch.randn(model.classifier.weight.shape).abs()
    folder = tmp_path_factory.mktemp("model")
    landmarks = ((0.31, 0.39), (0.69, 0.39), (0.5, 0.78))
    save_model(
        folder,
        model,
        backbone="test_resnet",
        stride=None,
        classes=EIGHT_CLASSES,
        spec=InputSpec(64, 3, model.mean, model.std, 64, False, landmarks),
        facts={"data": "synthetic faces", "accuracy": 0.125},
    )
    return folder


@pytest.fixture(scope="session")
def pool(model_folder):
    """A pool whose default is the tiny model; the embedded one is there as well."""
    return ModelPool([str(model_folder)])


@pytest.fixture(scope="session")
def model(pool):
    """Name of the tiny model."""
    return pool.names[0]


@pytest.fixture(scope="session")
def warm_server(tmp_path_factory):
    """As ``warm_python``, with what a page needs of other projects, and nothing of this one."""
    warm = WarmPython(tmp_path_factory.mktemp("server"), "timm", "gradio", "onnxruntime")
    yield str(warm.program)
    warm.close()


@pytest.fixture(scope="session")
def portrait():
    return draw_portrait("happiness", 480, np.random.default_rng(7))


@pytest.fixture(scope="session")
def pair(portrait):
    """Two people side by side, the larger one on the right."""
    other = draw_portrait("surprise", 360, np.random.default_rng(9))
    both = Image.new("RGB", (840, 480), "white")
    both.paste(other, (0, 60))
    both.paste(portrait, (360, 0))
    return both


@pytest.fixture(scope="session")
def one(pool, model, portrait):
    """The portrait, analysed."""
    return analyse(pool, model, portrait)


@pytest.fixture(scope="session")
def two(pool, model, pair):
    """The two people, analysed."""
    return analyse(pool, model, pair)


def pixels(image):
    return np.asarray(image, dtype=int)


@pytest.fixture(scope="session")
def empty():
    """An image without a face."""
    ramp = np.linspace(0, 255, 320, dtype=np.uint8)
    return Image.fromarray(np.broadcast_to(ramp, (240, 320)).copy()).convert("RGB")


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class Served(NamedTuple):
    """The running page, its address, and the folder of its files."""

    page: Any
    address: str
    files: Path


@pytest.fixture(scope="session")
def served(pool, tmp_path_factory):
    files = tmp_path_factory.mktemp("served")
    port = free_port()
    options = {"server_name": "127.0.0.1", "server_port": port, "quiet": True}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(files))
        with pytest.MonkeyPatch.context() as analysing:  # so that the page offers movements
            analysing.setattr(pool, "analyser", smiling)
            page = build(pool)
        page.launch(prevent_thread_lock=True, **options, **launch_options(("demo.test",)))
        yield Served(page, f"http://127.0.0.1:{port}", files)
        page.close()


@pytest.fixture(scope="session")
def address(served):
    return served.address


@pytest.fixture(scope="session")
def chromium(launch_chromium):
    browser = launch_chromium()
    yield browser
    browser.close()


@contextmanager
def visited(chromium, address):
    """A fresh visit, with the example on the page; ``page.outside`` lists foreign requests."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.outside = []
    own = (address, "data:", "blob:")
    page.on(
        "request",
        lambda request: None if request.url.startswith(own) else page.outside.append(request.url),
    )
    page.goto(address)
    page.wait_for_selector("#overlay img")
    page.wait_for_selector(".bar.strong")
    yield page
    context.close()


@pytest.fixture
def page(chromium, address):
    """A visit of one test, see `visited`."""
    with visited(chromium, address) as page:
        yield page


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """Two drawn people of 640 x 480 pixels, the smaller one on the right, as an MJPEG file."""
    path = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    one = draw_portrait("happiness", 340, np.random.default_rng(7))
    other = draw_portrait("surprise", 250, np.random.default_rng(9))
    with path.open("wb") as file:
        for index in range(40):
            across = round(15 * np.sin(index / 40 * 2 * np.pi))
            frame = Image.new("RGB", (640, 480), "#8899aa")
            frame.paste(one, (20 + across, 80))
            frame.paste(other, (370 - across, 120))
            frame.paste("#ff0000", (600, 0, 640, 480))
            stream = io.BytesIO()
            frame.save(stream, "JPEG", quality=90)
            file.write(stream.getvalue())
    return path
