import json
import os
from functools import partial

import numpy as np
import pytest
from PIL import Image

from fer_core.cli import align
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.weights import BUNDLED

SIZE = ("--size", 48)


@pytest.fixture(scope="module")
def drawn():
    """Three portraits of 120 pixels."""
    return [draw_portrait("happiness", 120, np.random.default_rng(seed)) for seed in range(3)]


@pytest.fixture
def folder(tmp_path, drawn):
    """Three portraits and an image without a face, in sub-folders with spaces in their path."""
    photographs = tmp_path / "my photographs"
    for name, image in zip(
        ("train/happy/x.jpg", "train/sad/y 1.PNG", "z.webp"), drawn, strict=True
    ):
        file = photographs / name
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file)
    Image.new("RGB", (64, 64), "grey").save(photographs / "train/wall.png")
    return photographs


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of train.align."""
    return partial(call_command, align)


def pixels(file):
    return np.asarray(Image.open(file), int)


def crops(out):
    return sorted(file.relative_to(out).as_posix() for file in out.rglob("*.png"))


@pytest.mark.slow
def test_sub_folders_are_kept_and_failures_listed(command, folder, tmp_path):
    out = tmp_path / "aligned crops"
    code, output, bar = command(folder, out, *SIZE, "--workers", 1)
    assert code == 0
    assert output == f"3 aligned, 0 already there, 1 failed ({out / 'failures.csv'})\n"
    assert "4/4" in bar
    assert crops(out) == ["train/happy/x.png", "train/sad/y 1.png", "z.png"]
    assert Image.open(out / "z.png").size == (48, 48)
    assert (out / "failures.csv").read_text() == ("image,reason\ntrain/wall.png,no face found\n")
    assert list(out.rglob(".*")) == []


@pytest.mark.slow
def test_two_processes_write_what_one_writes(command, folder, tmp_path):
    command(folder, tmp_path / "one", *SIZE, "--workers", 1)
    code, output, _ = command(folder, tmp_path / "two", *SIZE, "--workers", 2)
    assert (code, output.split(" (")[0]) == (0, "3 aligned, 0 already there, 1 failed")
    one, two = tmp_path / "one", tmp_path / "two"
    assert (one / "failures.csv").read_text() == (two / "failures.csv").read_text()
    assert crops(one) == crops(two)
    for name in crops(one):  # rounding may differ between processes, and so a pixel by one level
        np.testing.assert_allclose(pixels(one / name), pixels(two / name), rtol=0, atol=1)


@pytest.mark.slow
def test_a_second_run_does_only_what_is_missing_or_failed(command, folder, drawn, tmp_path):
    out = tmp_path / "out"
    command(folder, out, *SIZE, "--workers", 1)
    (out / "train/happy/x.png").unlink()
    drawn[0].save(folder / "train/wall.png")
    kept = {name: (out / name).stat() for name in ("train/sad/y 1.png", "z.png")}
    code, output, _ = command(folder, out, *SIZE, "--workers", 1)
    assert (code, output.split(" (")[0]) == (0, "2 aligned, 2 already there, 0 failed")
    for name, before in kept.items():
        after = (out / name).stat()
        assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert (out / "train/happy/x.png").is_file()
    assert (out / "failures.csv").read_text() == "image,reason\n"


@pytest.mark.slow
def test_an_interrupt_keeps_crops_and_failures_and_says_how_to_go_on(
    command, folder, tmp_path, monkeypatch
):
    out, aligned = tmp_path / "out", align.align_photo
    (folder / "a.jpg").write_bytes(b"")

    def interrupted(photo, settings):
        if photo.name == "train/happy/x.jpg":
            raise KeyboardInterrupt
        return aligned(photo, settings)

    with monkeypatch.context() as patch:
        patch.setattr(align, "align_photo", interrupted)
        code, output, errors = command(folder, out, *SIZE, "--workers", 1)
    assert code == 130
    assert output.startswith("1 aligned, 0 already there, 2 failed")
    assert "run the same command again to go on" in errors
    assert crops(out) == ["z.png"]
    rows = (out / "failures.csv").read_text().splitlines()
    assert rows[1:] == [
        "a.jpg,unreadable image: the file is empty",
        "train/wall.png,no face found",
    ]
    code, output, _ = command(folder, out, *SIZE, "--workers", 1)
    assert (code, output.split(" (")[0]) == (0, "2 aligned, 1 already there, 2 failed")


@pytest.mark.slow
def test_all_faces_get_a_number(command, drawn, tmp_path):
    both = Image.new("RGB", (280, 160), (90, 110, 130))
    both.paste(drawn[0], (0, 20))
    both.paste(drawn[1].resize((160, 160)), (120, 0))
    (tmp_path / "in").mkdir()
    both.save(tmp_path / "in/x.png")
    arguments = (tmp_path / "in", tmp_path / "out", *SIZE, "--faces", "all", "--workers", 1)
    assert command(*arguments)[:2][1].startswith("1 aligned, 0 already there")
    assert crops(tmp_path / "out") == ["x_1.png", "x_2.png"]
    (tmp_path / "out/x_1.png").unlink()
    assert command(*arguments)[1].startswith("1 aligned, 0 already there")
    assert command(*arguments)[1].startswith("0 aligned, 1 already there")


@pytest.mark.slow
def test_a_model_says_where_eyes_and_mouth_stand(command, folder, tmp_path):
    command(folder, tmp_path / "out", *SIZE, "--model", BUNDLED, "--grey", "--workers", 1)
    written = json.loads((tmp_path / "out/align.json").read_text())
    config = json.loads((BUNDLED / "config.json").read_text())
    assert written["landmarks"] == config["fer_core"]["input"]["landmarks"]
    assert Image.open(tmp_path / "out/z.png").mode == "L"
    code, *_ = command(folder, tmp_path / "out", *SIZE, "--grey", "--workers", 1)
    assert "were made with different settings (landmarks " in code


def test_the_exit_code_is_1_when_every_photograph_failed(command, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_text("text")
    code, output, _ = command(tmp_path / "in", tmp_path / "out")
    assert (code, output.split(" (")[0]) == (1, "0 aligned, 0 already there, 1 failed")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone", "out"), "error: gone does not exist"),
        (("in", "in/out"), "error: in/out lies in the photographs' folder"),
        (("in", "out", "--size", "15"), "error: size must be 16 to 2048 pixels, got 15"),
        (("in", "out", "--workers", "0"), "error: workers must be at least 1, got 0"),
        (("in", "out", "--model", "gone"), "error: no model at gone"),
    ],
)
def test_wrong_arguments_end_in_one_sentence_and_write_nothing(
    command, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(b"")
    code, output, _ = command(*arguments)
    assert code.startswith(said)
    assert (output, sorted(path.name for path in tmp_path.rglob("*"))) == ("", ["a.jpg", "in"])


@pytest.mark.slow
def test_the_list_of_failures_goes_where_it_is_asked(command, folder, tmp_path):
    file = tmp_path / "lists/failed.csv"
    _, output, _ = command(folder, tmp_path / "out", *SIZE, "--failures", file, "--workers", 1)
    assert output.endswith(f"1 failed ({file})\n")
    assert "train/wall.png,no face found" in file.read_text()
    assert not (tmp_path / "out/failures.csv").exists()


def test_names_that_are_no_utf8_are_aligned_and_reported(command, drawn, tmp_path):
    names = [os.fsdecode(b"caf\xe9.jpg"), os.fsdecode(b"text\xff.jpg")]
    (tmp_path / "in").mkdir()
    drawn[0].save(tmp_path / "in" / names[0])
    (tmp_path / "in" / names[1]).write_text("text")
    out = tmp_path / os.fsdecode(b"out\xfe")
    code, output, _ = command(tmp_path / "in", out, *SIZE, "--workers", 1)
    assert (code, output.split(" (")[0]) == (0, "1 aligned, 0 already there, 1 failed")
    assert "out\\xfe/failures.csv" in output
    assert (out / os.fsdecode(b"caf\xe9.png")).is_file()
    rows = (out / "failures.csv").read_text().splitlines()
    assert rows[1].startswith("text\\xff.jpg,unreadable image")


def test_the_command_explains_itself(command):
    code, output, _ = command("--help")
    assert code == 0
    for word in ("IN", "OUT", "--size", "--model", "--faces", "--grey", "--workers", "--failures"):
        assert word in output
