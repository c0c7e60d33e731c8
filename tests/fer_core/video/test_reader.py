import struct
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from fer_core.video.container import VideoError
from fer_core.video.reader import SIDE, Video
from fer_core.video.writer import VideoWriter

av = pytest.importorskip("av")

# The display matrix of a track (ISO 14496-12, tkhd) that turns the image, in degrees clockwise.
MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def image(size=(64, 48), level=0):
    """Red above, the rest grey."""
    paper = Image.new("RGB", size, (level, level, level))
    paper.paste((255, 0, 0), (0, 0, size[0], size[1] // 3))
    return paper


def write(path, times, size=(64, 48)):
    with VideoWriter(path) as writer:
        for index, time in enumerate(times):
            writer.write(image(size, index % 100), time)
    return path


@pytest.fixture
def clip(tmp_path):
    """Two seconds, 30 frames a second."""
    return write(tmp_path / "clip.mp4", [index / 30 for index in range(60)])


def write_sound(path, codec="aac", images=False):
    """A tone of two seconds, with black images on wish."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30) if images else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(codec, rate=48000)
        sound.layout = "mono"
        for index in range(60 if video is not None else 0):
            frame = av.VideoFrame.from_image(image())
            frame.pts = index
            container.mux(video.encode(frame))
        wave = np.sin(np.arange(96000) * 0.05).astype(np.float32)[None] * 0.3
        for start in range(0, 96000 - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(wave[:, start : start + 1024], "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            container.mux(sound.encode(frame))
        for stream in (video, sound):
            if stream is not None:
                container.mux(stream.encode())
    return path


def test_frames_come_with_their_times_and_ten_a_second_are_due(clip):
    video = Video(clip)
    frames = list(video.frames())
    assert [frame.number for frame in frames] == list(range(60))
    assert [frame.time for frame in frames] == pytest.approx([i / 30 for i in range(60)], abs=1e-3)
    assert [frame.number for frame in frames if frame.due] == list(range(0, 60, 3))
    assert video.facts.seconds == pytest.approx(2, abs=0.01)
    assert video.size == (64, 48)
    assert not video.facts.sound


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".webm"])
def test_containers_are_read_with_the_images_in_their_order(tmp_path, suffix):
    path = tmp_path / f"clip{suffix}"
    with av.open(str(path), "w") as container:
        codec = {".webm": "libvpx", ".avi": "mpeg4"}.get(suffix, "libx264")
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(25):
            frame = av.VideoFrame.from_image(image(level=10 * index))
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    frames = list(Video(path).frames())
    levels = [np.asarray(frame.image)[30:].mean() for frame in frames]
    assert len(levels) == 25
    assert np.all(np.diff(levels) > 4)
    assert frames[-1].time == pytest.approx(24 / 25, abs=0.01)


def test_uneven_times_survive_writing_and_reading(tmp_path):
    times = [0, 0.04, 0.3, 0.35, 1.2, 1.25]
    frames = list(Video(write(tmp_path / "uneven.mp4", times)).frames())
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-3)
    assert [frame.due for frame in frames] == [True, False, True, False, True, False]


@pytest.mark.parametrize("rate", [5, 10, 25, 60])
def test_the_last_frame_lasts_as_long_as_the_one_before(tmp_path, rate):
    video = Video(write(tmp_path / "clip.mp4", [index / rate for index in range(2 * rate)]))
    assert video.facts.seconds == pytest.approx(2, abs=0.002)


def test_the_stated_length_of_uneven_times_is_the_true_one(tmp_path):
    video = Video(write(tmp_path / "uneven.mp4", [0, 0.1, 0.15, 0.4, 0.6, 1.0, 1.1]))
    assert video.facts.seconds == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_convention_turned_recordings_are_made_upright(clip, degrees):
    content = bytearray(clip.read_bytes())
    a, b, c, d = MATRICES[degrees]
    place = content.find(b"tkhd") + 44
    values = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    content[place : place + 36] = struct.pack(">9i", *values)
    clip.write_bytes(content)
    video = Video(clip)
    shown = next(video.frames()).image
    assert shown.size == video.size == ((64, 48) if degrees == 180 else (48, 64))
    expected = image().rotate(-degrees, expand=True)
    assert np.abs(np.asarray(shown, int) - np.asarray(expected, int)).mean() < 8


def test_large_frames_are_reduced_and_the_size_of_the_original_is_known(tmp_path):
    video = Video(write(tmp_path / "large.mp4", [0, 0.1], (2000, 1000)))
    assert {frame.image.size for frame in video.frames()} == {(SIDE, SIDE // 2)}
    assert video.size == (2000, 1000)


@pytest.mark.slow
def test_of_very_many_frames_a_second_sixty_are_read(tmp_path):
    frames = list(Video(write(tmp_path / "fast.mp4", [i / 240 for i in range(240)])).frames())
    assert 58 <= len(frames) <= 62


@pytest.mark.slow
def test_broken_parts_in_the_middle_are_left_out(tmp_path):
    path = write(tmp_path / "long.mp4", [index / 30 for index in range(300)])
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    content = bytearray(path.read_bytes())
    for place, size in packets[100:130]:
        content[place : place + size] = bytes(size)
    path.write_bytes(content)
    video = Video(path)
    frames = list(video.frames())
    assert video.damaged
    assert 150 < len(frames) < 300
    assert frames[-1].time > 9.5


@pytest.mark.slow
def test_a_file_that_ends_in_the_middle_gives_what_there_is(tmp_path):
    path = write(tmp_path / "long.mp4", [index / 30 for index in range(300)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    frames = list(Video(path).frames())
    assert 50 < len(frames) < 300


def test_a_longer_video_is_refused_with_both_lengths(tmp_path):
    path = write(tmp_path / "long.mp4", [index / 2 for index in range(20)])
    with pytest.raises(VideoError, match=r"lasts 10 seconds and at most 5 are analysed"):
        Video(path, seconds=5)


@pytest.mark.slow
def test_a_video_of_unknown_length_stops_at_the_limit(tmp_path):
    path = tmp_path / "stream.webm"
    with path.open("wb") as file:

        class Pipe:
            """A stream without seeking: the length cannot be written afterwards."""

            write = file.write

        with av.open(Pipe(), "w", format="webm") as container:
            stream = container.add_stream("libvpx", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for index in range(60):
                frame = av.VideoFrame.from_image(image())
                frame.pts = index
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    video = Video(path, seconds=2)
    assert video.facts.seconds is None
    frames = list(video.frames())
    assert frames[-1].time <= 2.5
    assert video.shortened


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.mp4", b"this is not a video\n" * 50),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nclip.mp4\n#EXT-X-ENDLIST\n"),
        ("list.mp4", b"ffconcat version 1.0\nfile clip.mp4\n"),
        ("noise.mp4", bytes(range(256)) * 30),
    ],
)
def test_what_is_no_video_is_told(clip, name, content):
    path = clip.parent / name
    path.write_bytes(content)
    with pytest.raises(VideoError, match="not a video that can be read"):
        Video(path)


def test_a_photograph_is_no_video(tmp_path):
    image().save(tmp_path / "photo.png")
    with pytest.raises(VideoError, match="not a video that can be read"):
        Video(tmp_path / "photo.png")


def test_an_empty_file_and_an_absent_one_are_told(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(VideoError, match="this file is empty"):
        Video(tmp_path / "empty.mp4")
    with pytest.raises(VideoError, match=r"there is no file absent\.mp4"):
        Video(tmp_path / "absent.mp4")


def test_sound_alone_is_told(tmp_path):
    with pytest.raises(VideoError, match="sound without an image"):
        Video(write_sound(tmp_path / "sound.mp4"))


def test_images_that_are_all_broken_are_told(clip):
    content = bytearray(clip.read_bytes())
    place = content.find(b"mdat") + 4
    content[place:] = bytes(len(content) - place)
    clip.write_bytes(content)
    with pytest.raises(VideoError, match="no image that can be read"):
        list(Video(clip).frames())


def test_without_pyav_the_command_that_installs_it_is_told(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)  # importing it raises ImportError
    with pytest.raises(VideoError, match=r"pip install 'fer-core\[video\]'"):
        Video(clip)


@pytest.mark.parametrize("name", ["seconds", "rate"])
def test_a_limit_of_nothing_is_refused(clip, name):
    with pytest.raises(ValueError, match="must be above 0"):
        Video(clip, **{name: 0})


def test_written_videos_are_what_browsers_play(clip):
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
    content = clip.read_bytes()
    assert content.find(b"moov") < content.find(b"mdat")


def test_odd_sides_lose_a_row_and_a_column(tmp_path):
    video = Video(write(tmp_path / "odd.mp4", [0, 0.1], (65, 49)))
    assert next(video.frames()).image.size == (64, 48)


def test_sound_is_copied_and_ends_with_the_images(tmp_path):
    source = write_sound(tmp_path / "sound.mp4", images=True)
    with VideoWriter(tmp_path / "copy.mp4", sound=source) as writer:
        for frame in Video(source).frames():
            if frame.time < 1:
                writer.write(frame.image, frame.time)
    with av.open(str(tmp_path / "copy.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        frames = list(container.decode(audio=0))
    heard = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert len(heard) / 48000 == pytest.approx(1, abs=0.1)
    assert heard[4096:-4096].std() == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("codec", ["ac3", "flac", "libopus"])
@pytest.mark.slow
def test_sound_that_mp4_does_not_hold_is_encoded_anew(tmp_path, codec):
    source = write_sound(tmp_path / "sound.mkv", codec=codec, images=True)
    with VideoWriter(tmp_path / "copy.mp4", sound=source) as writer:
        for frame in Video(source).frames():
            writer.write(frame.image, frame.time)
    with av.open(str(tmp_path / "copy.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        frames = list(container.decode(audio=0))
    heard = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert frames[0].time == pytest.approx(0, abs=0.05)
    assert len(heard) / 48000 == pytest.approx(2, abs=0.1)
    assert heard[4096:-8192].std() == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_frames_out_of_order_are_refused_and_no_file_stays(tmp_path):
    with pytest.raises(ValueError, match="in order of time"):
        write(tmp_path / "back.mp4", [0, 0.2, 0.1])
    assert not (tmp_path / "back.mp4").exists()


def test_a_gif_of_large_frames_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "large.gif"
    first, second = Image.new("P", (2100, 2000)), Image.new("P", (2100, 2000), 1)
    first.save(path, save_all=True, append_images=[second], duration=100)
    with pytest.raises(VideoError, match=r"2100 x 2000 pixels: at most 4,000,000 pixels of a GIF"):
        Video(path)
