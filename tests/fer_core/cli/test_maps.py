import json

import numpy as np
import pytest
from PIL import Image

from fer_core.cli import maps
from fer_core.emotions import EIGHT_CLASSES, SEVEN_CLASSES
from fer_core.explain.consistency import MirrorCheck
from fer_core.inference.predictor import Predictor


@pytest.fixture
def command(monkeypatch, capsys, tiny_run, tmp_path):
    """Runs the command line with the tiny model; gives the file and the output, or the error."""

    def run(*arguments, out="maps.npz"):
        words = ["maps", "--model", str(tiny_run.path / "model"), *map(str, arguments)]
        monkeypatch.setattr("sys.argv", [*words, "--out", str(tmp_path / out)])
        try:
            maps.main()
        except SystemExit as ended:
            return str(ended.code)
        return tmp_path / out, capsys.readouterr().out

    return run


@pytest.fixture
def photos(tmp_path, portrait):
    folder = tmp_path / "photos"
    (folder / "people").mkdir(parents=True)
    portrait.save(folder / "people" / "one.png")
    Image.new("RGB", (100, 100)).save(folder / "nobody.png")
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def test_a_json_file_of_ones_own_beside_the_maps_stays(command, tmp_path):
    (tmp_path / "maps.json").write_text('{"mine": 1}')
    assert "maps.json would be replaced" in command()
    assert (tmp_path / "maps.json").read_text() == '{"mine": 1}'
    assert not (tmp_path / "maps.npz").exists()


@pytest.mark.slow
def test_synthetic_faces_give_every_map_without_a_pickle(command):
    file, output = command()
    assert output == f"{file}: 8 faces, 7 classes\n"
    with np.load(file, allow_pickle=False) as found:
        assert found["names"].tolist() == [f"synthetic {name}" for name in EIGHT_CLASSES]
        assert found["classes"].tolist() == list(SEVEN_CLASSES)
        assert found["crops"].dtype == np.uint8
        assert found["crops"].shape == (8, 48, 48, 3)
        assert found["maps"].shape[:2] == (8, 7)
        assert found["view_maps"].shape == (8, 2, *found["maps"].shape[1:])
        assert found["probabilities"].sum(1) == pytest.approx(np.ones(8), abs=1e-5)
        both = found["view_maps"].mean(1)
        assert np.allclose(both, found["maps"], atol=1e-4)


@pytest.mark.slow
def test_the_json_beside_it_says_the_same_in_words(command):
    command()
    file, _ = command()  # which replaces what the first call wrote
    rows = json.loads(file.with_suffix(".json").read_text())["faces"]
    with np.load(file) as found:
        best = found["probabilities"].argmax(1)
        assert [row["emotion"] for row in rows] == found["classes"][best].tolist()
        checks = map(MirrorCheck, found["view_probabilities"], found["view_maps"])
        expected = [check.consistency(k) for check, k in zip(checks, best, strict=True)]
        assert [row["consistency"] for row in rows] == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_the_former_name_of_the_synthetic_faces_is_read(command):
    named, _ = command("--faces", "drawn", out="former.npz")
    file, _ = command("--faces", "synthetic")
    with np.load(named) as former, np.load(file) as found:
        assert former["names"].tolist() == found["names"].tolist()


@pytest.mark.slow
def test_the_same_seed_draws_the_same_people_and_another_one_others():
    one, same, other = (np.asarray(maps.synthetic_faces(s).images[0]) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_images_without_a_face_and_broken_ones_are_named_and_left_out(command, photos):
    file, _ = command("--faces", photos)
    with np.load(file) as found:
        assert found["names"].tolist() == ["people/one.png"]
        assert found["left_out"].tolist() == [
            "broken.png cannot be read: no image format known here",
            "nobody.png: no face was found",
        ]


@pytest.mark.slow
def test_aligned_images_are_taken_whole(command, photos, portrait, tiny_run):
    file, _ = command("--faces", photos, "--aligned")
    whole = Predictor(tiny_run.path / "model").classify([portrait])
    with np.load(file) as found:
        assert found["names"].tolist() == ["nobody.png", "people/one.png"]
        assert np.allclose(found["probabilities"][1], whole.probabilities[0], atol=1e-4)


def test_no_face_at_all_is_an_error_that_says_what_to_do(command, photos):
    (photos / "people" / "one.png").unlink()
    assert command("--faces", photos) == (
        "error: no face was found in any of 1 images; with --aligned each image is taken as a "
        "face crop"
    )


@pytest.mark.parametrize(
    ("arguments", "out", "said"),
    [
        (("--faces", "nowhere"), "maps.npz", "there is no folder nowhere"),
        ((), "maps.csv", "out must be named *.npz"),
        (("--seed", "-1"), "maps.npz", "seed must be 0 or more, got -1"),
        (("--aligned",), "maps.npz", "aligned is for a folder"),
        ((), "absent/maps.npz", "No such file or directory"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_done_is_one_line(command, arguments, out, said):
    error = command(*arguments, out=out)
    assert error.startswith("error: ")
    assert said in error
    assert "\n" not in error
