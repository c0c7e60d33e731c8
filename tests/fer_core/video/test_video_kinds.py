"""The kinds of video files that people have: each is written here, and every frame is read."""

import numpy as np
import pytest
from PIL import Image

from fer_core.inference.inputs import VIDEO_SUFFIXES
from fer_core.video.reader import Video

av = pytest.importorskip("av")
FRAMES, RATE = 8, 25
# Suffix, PyAV's name of the container, codec, format of pixels.
KINDS = [
    *((".mp4", "mp4", codec, "yuv420p") for codec in ("libx264", "mpeg4", "libx265", "libvpx-vp9")),
    (".mp4", "mp4", "libx264", "yuv444p"),
    (".m4v", "mp4", "libx264", "yuv420p"),
    *((".mov", "mov", codec, "yuv420p") for codec in ("libx264", "mpeg4")),
    (".mov", "mov", "prores_ks", "yuv422p10le"),
    (".mov", "mov", "mjpeg", "yuvj420p"),
    *((".mkv", "matroska", codec, "yuv420p") for codec in ("libx264", "mpeg4", "libvpx", "ffv1")),
    *((".webm", "webm", codec, "yuv420p") for codec in ("libvpx", "libvpx-vp9")),
    (".avi", "avi", "mpeg4", "yuv420p"),
    (".avi", "avi", "mjpeg", "yuvj420p"),
    (".mpg", "mpeg", "mpeg2video", "yuv420p"),
    (".mpeg", "mpeg", "mpeg1video", "yuv420p"),
    *((suffix, "mpegts", "libx264", "yuv420p") for suffix in (".ts", ".mts", ".m2ts")),
    *((suffix, "3gp", "mpeg4", "yuv420p") for suffix in (".3gp", ".3g2")),
    (".flv", "flv", "flv", "yuv420p"),
    (".ogv", "ogg", "libtheora", "yuv420p"),
    *((suffix, "asf", "wmv2", "yuv420p") for suffix in (".wmv", ".asf")),
]


def write(file, container, codec, pixels):
    with av.open(str(file), "w", format=container) as target:
        stream = target.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for index in range(FRAMES):
            image = Image.new("RGB", (64, 48), (20 + 25 * index,) * 3)
            image.paste((255, 0, 0), (0, 0, 64, 16))  # red above
            target.mux(stream.encode(av.VideoFrame.from_image(image)))
        target.mux(stream.encode())


@pytest.mark.parametrize(
    ("suffix", "container", "codec", "pixels"), KINDS, ids=[f"{k[0]}-{k[2]}-{k[3]}" for k in KINDS]
)
def test_every_kind_of_video_is_read_frame_by_frame(tmp_path, suffix, container, codec, pixels):
    if codec not in av.codecs_available or container not in av.formats_available:
        pytest.skip(f"this FFmpeg writes no {codec} in {container}")
    file = tmp_path / f"clip{suffix}"
    write(file, container, codec, pixels)
    frames = list(Video(file).frames())
    assert len(frames) == FRAMES
    times = [frame.time for frame in frames]
    assert times == pytest.approx([index / RATE for index in range(FRAMES)], abs=0.03)
    levels = []
    for frame in frames:
        red, green, blue = np.asarray(frame.image, int)[4, 32]
        assert red - max(green, blue) > 120, "the colours or the rows are wrong"
        levels.append(np.asarray(frame.image, int)[40, 32].mean())
    assert levels == pytest.approx([20 + 25 * index for index in range(FRAMES)], abs=25)


def test_the_kinds_are_those_that_the_command_takes_for_videos():
    assert {suffix for suffix, *_ in KINDS} == set(VIDEO_SUFFIXES)
