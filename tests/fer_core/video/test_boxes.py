import struct

import pytest
from PIL import Image

from fer_core.video.boxes import MOST_BOXES, has_many_boxes
from fer_core.video.reader import Video, VideoError
from fer_core.video.writer import VideoWriter

FTYP = struct.pack(">I", 16) + b"ftypisom" + bytes(4)
EMPTY = struct.pack(">I", 8) + b"free"


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


@pytest.mark.parametrize(
    "content",
    [
        FTYP + EMPTY * (MOST_BOXES + 1),
        FTYP + box(b"moov", EMPTY * (MOST_BOXES + 1)),
        FTYP + box(b"moov", box(b"trak", box(b"mdia", EMPTY * (MOST_BOXES + 1)))),
        FTYP + struct.pack(">I4sQ", 1, b"moov", 16 + 8 * MOST_BOXES) + EMPTY * MOST_BOXES,
        FTYP + (struct.pack(">I", 0) + b"moov") * (MOST_BOXES + 1),
        FTYP + (struct.pack(">I", 3) + b"free") * (MOST_BOXES + 1),
    ],
    ids=["in a row", "in one", "deep", "a long size", "one in the other", "a size too small"],
)
def test_a_file_of_empty_boxes_is_refused_before_it_is_opened(tmp_path, content, monkeypatch):
    av = pytest.importorskip("av")
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("it was opened"))
    (tmp_path / "boxes.mp4").write_bytes(content)
    with pytest.raises(VideoError, match="more than 100,000 parts"):
        Video(tmp_path / "boxes.mp4")


@pytest.mark.parametrize("content", [b"", b"RIFF", FTYP, FTYP[:10], FTYP + EMPTY * 50, b"x" * 99])
def test_other_files_have_few(tmp_path, content):
    (tmp_path / "file.mp4").write_bytes(content)
    assert not has_many_boxes(tmp_path / "file.mp4")


def test_a_video_has_few(tmp_path):
    pytest.importorskip("av")
    with VideoWriter(tmp_path / "clip.mp4") as writer:
        for index in range(20):
            writer.write(Image.new("RGB", (64, 48)), index / 10)
    assert not has_many_boxes(tmp_path / "clip.mp4")
    assert len(list(Video(tmp_path / "clip.mp4").frames())) == 20
