"""Damaged and invented files: a sentence or a result, never a crash.

`make test` tries a few hundred; `make soak` sets FER_FUZZ to the number for each kind of file, of
which it tries as many as ten minutes of CPU time allow. It holds each input to its time and memory,
and logs how many there were and what the worst took.
"""

import io
import json
import logging
import os
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from demo_app.spaces.manifest import ManifestError, read_manifest
from fer_core.datasets.base import DataError
from fer_core.datasets.fer2013 import read_pixel_table
from fer_core.emotions import SEVEN_CLASSES
from fer_core.io.images import READ_ERRORS, open_upright
from fer_core.models.saved_config import check_config, read_json
from fer_core.noise.label_files import noise_from_list
from fer_core.records.recorder import RunRecorder
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, RecordError, read_run
from fer_core.weights import BUNDLED
from tests.project import PROJECT

pytestmark = pytest.mark.slow
EXAMPLES = int(os.environ.get("FER_FUZZ", "40"))
LONG = "FER_FUZZ" in os.environ
LONGEST, MOST_MEMORY = 2.0, 1000  # CPU seconds of an input, and MB of this process
AT_MOST = 600  # CPU seconds of one kind of file
AT_ONCE = 1000  # inputs between two looks at the clock
logger = logging.getLogger("fuzz")
fuzz = settings(
    max_examples=min(EXAMPLES, AT_ONCE),
    derandomize=settings.default.derandomize and not LONG,  # as CI has it, but for a long trial
    deadline=None,
    database=None,
    phases=[Phase.generate],  # an example is told as it was found
    suppress_health_check=list(HealthCheck),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def image_bytes(kind, **options):
    noise = np.random.default_rng(0).integers(0, 255, (24, 20, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, kind, **options)
    return stream.getvalue()


WHOLE = {
    "JPEG": image_bytes("JPEG"),
    "progressive": image_bytes("JPEG", progressive=True),
    "PNG": image_bytes("PNG"),
    "WEBP": image_bytes("WEBP"),
    "lossless": image_bytes("WEBP", lossless=True),
    "GIF": image_bytes("GIF"),
    "BMP": image_bytes("BMP"),
    "TIFF": image_bytes("TIFF", compression="tiff_lzw"),
}


def try_all(kind, inputs, check):
    """Try a check on many inputs; of a long trial the worst one is held to the limits."""
    times = []

    @fuzz
    @given(inputs)
    def timed(one):
        begun = time.process_time()
        check(one)
        times.append(time.process_time() - begun)

    before, begun = memory(), time.process_time()
    while len(times) < EXAMPLES and time.process_time() - begun < AT_MOST:
        timed()
    slowest, grown = max(times), memory() - before
    logger.warning("%s: %d inputs, slowest %.3f s", kind, len(times), slowest)
    logger.warning("%s: %d MB more at the worst, %d MB in all", kind, grown, memory())
    assert not LONG or (slowest < LONGEST and grown < MOST_MEMORY)


def memory():
    """MB that this process had at its largest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@st.composite
def damaged(draw, whole):
    """The bytes of a file with some changed, some left out, some put in, or cut off."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["flip", "number", "drop", "insert", "cut"]))
        if kind == "flip" and content:
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "number":
            content[place : place + 4] = draw(
                st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\0\1"])
            )
        elif kind == "drop":
            del content[place : place + draw(st.integers(1, 40))]
        elif kind == "insert":
            content[place:place] = draw(st.binary(max_size=20))
        else:
            del content[place:]
    return bytes(content)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("kind", WHOLE)
def test_a_damaged_image_is_read_or_refused(kind):
    def check(content):
        try:
            image = open_upright(io.BytesIO(content))
        except READ_ERRORS:
            return
        assert image.mode == "RGB"

    try_all(kind, damaged(WHOLE[kind]), check)


def changed(value, draw):
    """A JSON value with one place of it replaced by anything."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: changed(value[name], draw)}
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], changed(value[place], draw), *value[place + 1 :]]
    return draw(JSON)


def test_a_changed_configuration_of_a_model_is_taken_or_refused(folder):
    config = json.loads((BUNDLED / "config.json").read_text())
    check_config(config)
    file = folder / "config.json"

    def check(data):
        file.write_text(json.dumps(changed(config, data.draw)))
        try:
            saved = check_config(read_json(file))
        except ValueError:
            return
        assert 1 <= len(saved.taxonomy.names) <= 1000

    try_all("config.json", st.data(), check)


def test_a_changed_record_is_read_or_named(folder):
    record = folder / "run"
    facts = {"data": {}, "noise": {}, "model": {}, "environment": {}}
    RunRecorder(record, config={"seed": 0}, classes=["a", "b"], **facts).begin()
    values = json.loads((record / RUN_FILE).read_text())
    assert read_run(record).path == record

    def check(data):
        (record / RUN_FILE).write_text(json.dumps(changed(values, data.draw)))
        lines = data.draw(st.lists(JSON, max_size=3))
        (record / EPOCHS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
        told = ""
        try:
            assert read_run(record).path == record
        except RecordError as error:
            told = str(error)
        assert not told or str(record) in told

    try_all("run.json", st.data(), check)


TEXTS = {
    "label list": "a.jpg 1\nb.jpg 5\nc.jpg 7\n",
    "FER2013": "emotion,pixels,Usage\n" + f"3,{' '.join(['7'] * 2304)},Training\n" * 2,
    "Spacefile": (PROJECT / "Spacefile").read_text(),
}


def read_text_file(kind, file: Path):
    if kind == "label list":
        names = ["a.jpg", "b.jpg", "c.jpg"]
        return noise_from_list(file, names, np.zeros(3, int), SEVEN_CLASSES)
    return read_pixel_table(file) if kind == "FER2013" else read_manifest(file)


@pytest.mark.parametrize("kind", TEXTS)
def test_a_damaged_text_is_read_or_refused(kind, folder):
    file = folder / "text.csv"

    def check(content):
        file.write_bytes(content)
        told = None
        try:
            assert read_text_file(kind, file) is not None
        except (ValueError, OSError, DataError, ManifestError) as error:
            told = str(error)
        assert told != ""

    try_all(kind, damaged(TEXTS[kind].encode()), check)
