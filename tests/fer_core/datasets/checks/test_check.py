import json
import os
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data, load_data
from fer_core.datasets.checks.check import check_data, write_fix_list
from fer_core.datasets.checks.report import figures, to_json
from fer_core.datasets.exclude import read_exclude_list

SMALL = Decoding(16, 3)


def put(root, place, seed=None, size=(14, 10)):
    """An image of its own, or one that is equal to others of the same seed."""
    file = root / place
    file.parent.mkdir(parents=True, exist_ok=True)
    seed = zlib.crc32(place.encode()) if seed is None else seed
    shape = (size[1], size[0], 3)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(file)
    return file


@pytest.fixture
def root(tmp_path):
    faces = tmp_path / "faces"
    for place in ("train/happy/a.png", "train/happy/b.png", "train/angry/c.png"):
        put(faces, place)
    for place in ("test/happy/d.png", "test/angry/e.png"):
        put(faces, place)
    return faces


def check(root, **options):
    return check_data(list_data(f"folder:{root}?classes=emotions", SMALL), **options)


def kinds(report):
    return sorted((problem.kind, problem.name) for problem in report.problems)


def break_folder(root):
    """One of each kind that a folder of images can have; gives kinds and names."""
    whole = put(root, "train/happy/cut.jpg", size=(64, 64)).read_bytes()
    (root / "train/happy/cut.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "train/angry/empty.png").write_bytes(b"")
    (root / "test/happy/text.jpg").write_text("no image")
    (root / "test/angry/gone.png").symlink_to(root / "nowhere.png")
    put(root, "train/bored/x.png")
    put(root, "test/sad/never_trained.png")
    return [
        ("class", "test/sad/"),
        ("class", "train/bored/"),
        ("missing file", "test/angry/gone.png"),
        ("unreadable file", "test/happy/text.jpg"),
        ("unreadable file", "train/angry/empty.png"),
        ("unreadable file", "train/happy/cut.jpg"),
    ]


def test_a_whole_data_set_has_no_problems(root):
    report = check(root)
    assert not report.refused
    assert (report.problems, report.identical, report.near) == ((), (), None)
    assert report.train.counts == {"happiness": 2, "anger": 1}
    assert report.eval.counts == {"happiness": 1, "anger": 1}


def test_every_broken_file_and_folder_is_found_in_one_pass(root):
    expected = break_folder(root)
    report = check(root)
    assert report.refused
    assert kinds(report) == expected
    assert report.train.counts == {"happiness": 2, "anger": 1}
    assert (report.train.unusable, report.eval.unusable) == (2, 2)


def test_a_fix_list_of_all_problems_makes_a_set_that_loads(root, tmp_path):
    break_folder(root)
    path = tmp_path / "exclude list.txt"
    write_fix_list(path, [problem.name for problem in check(root).problems])
    assert len(read_exclude_list(path)) == 6
    data = load_data(f"folder:{root}?classes=emotions", SMALL, without=path)
    assert data.train.names == ("train/happy/a.png", "train/happy/b.png", "train/angry/c.png")
    assert data.eval.names == ("test/happy/d.png", "test/angry/e.png")
    left = check_data(list_data(f"folder:{root}?classes=emotions", SMALL, without=path))
    assert not left.refused


def make_rafdb(root, *lines):
    (root / "EmoLabel").mkdir(parents=True)
    (root / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines), encoding="utf-8")
    for line in lines:
        name = line.split()[0]
        put(root, f"Image/aligned/{name.removesuffix('.jpg')}_aligned.jpg", size=(100, 100))
    return root


def test_labels_out_of_range_absent_files_and_lines_twice_of_rafdb(tmp_path):
    labels = ("train_00001.jpg 5", "train_00002.jpg 0", "train_00003.jpg 8", "test_0001.jpg 7")
    more = ("train_00004.jpg 1", "train_00004.jpg 2", "train_00005.jpg", "test_0002.jpg 4")
    root = make_rafdb(tmp_path / "raf", *labels, *more)
    (root / "Image/aligned/test_0002_aligned.jpg").unlink()
    report = check_data(list_data(f"rafdb:{root}", SMALL))
    assert kinds(report) == [
        ("label", "train_00002.jpg"),
        ("label", "train_00003.jpg"),
        ("label", "train_00004.jpg"),
        ("label", "train_00005.jpg"),
        ("missing file", "test_0002.jpg"),
    ]
    write_fix_list(tmp_path / "list.txt", [problem.name for problem in report.problems])
    data = load_data(f"rafdb:{root}", SMALL, without=tmp_path / "list.txt")
    assert (data.train.names, data.eval.names) == (("train_00001.jpg",), ("test_0001.jpg",))


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_name_that_is_no_utf8_is_reported_and_left_out_as_printable_text(root, tmp_path):
    (root / "train/happy" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"broken")
    report = check(root)
    (problem,) = report.problems
    assert problem.name == r"train/happy/caf\xe9.png"
    json.dumps(to_json(report)).encode()
    write_fix_list(tmp_path / "list.txt", [problem.name])
    data = load_data(f"folder:{root}?classes=emotions", SMALL, without=tmp_path / "list.txt")
    assert len(data.train.true_labels) == 3


def test_sizes_are_of_the_images_themselves_not_of_what_a_run_makes_of_them(root):
    put(root, "train/angry/large.png", size=(300, 200))
    put(root, "train/angry/small.png", size=(5, 9))
    sizes = check(root).train.sizes
    assert (sizes.smallest, sizes.median, sizes.largest) == ((5, 9), (14, 10), (300, 200))
    assert sizes.commonest[0] == ((14, 10), 3)


def test_identical_images_are_found_within_and_across_the_splits(root):
    for place in ("train/happy/p.png", "train/angry/p.png", "test/happy/p.png"):
        put(root, place, seed=1)  # across, and contradicting within train
    put(root, "train/angry/q.png", seed=2)
    put(root, "test/angry/q.png", seed=2)  # across, same label
    put(root, "test/angry/r.png", seed=3)
    put(root, "test/angry/s.bmp", seed=3)  # within test only
    report = check(root)
    assert not report.refused
    groups = [[[face.name for face in part] for part in group] for group in report.identical]
    assert groups == [
        [["train/happy/p.png", "train/angry/p.png"], ["test/happy/p.png"]],
        [["train/angry/q.png"], ["test/angry/q.png"]],
        [[], ["test/angry/r.png", "test/angry/s.bmp"]],
    ]
    assert figures(report) == {
        "eval_in_train": 2,
        "eval_in_train_relabelled": 1,
        "train_groups": 1,
        "train_copies": 2,
        "train_contradicting": 1,
        "eval_groups": 1,
        "eval_copies": 2,
        "eval_contradicting": 0,
    }


def test_identical_images_are_right_beside_broken_ones(root):
    (root / "train/happy/a.png").write_bytes(b"")
    put(root, "train/angry/z.png", seed=1)
    put(root, "test/angry/z.png", seed=1)
    (group,) = check(root).identical
    assert [face.name for part in group for face in part] == [
        "train/angry/z.png",
        "test/angry/z.png",
    ]


def soft(root, place, seed, size=48, turn=False):
    coarse = np.random.default_rng(seed).integers(40, 200, (9, 9, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((48, 48), Image.Resampling.BICUBIC)
    if turn:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image.resize((size, size)).save(root / place)


def test_near_duplicates_are_found_across_the_splits_and_identical_ones_are_none(root):
    (root / "train/happy/a.png").write_bytes(b"")  # shifts the places of the others
    (root / "test/happy/d.png").write_bytes(b"")
    soft(root, "train/happy/n.png", 1)
    soft(root, "train/angry/o.png", 2)
    soft(root, "test/angry/a_twin.png", 2)
    soft(root, "test/angry/n_turned.jpg", 1, size=100, turn=True)
    report = check(root, near=0.95)
    (pair,) = report.near
    assert (pair.eval.name, pair.eval.label) == ("test/angry/n_turned.jpg", "anger")
    assert (pair.train.name, pair.train.label) == ("train/happy/n.png", "happiness")
    assert pair.mirrored
    assert pair.similarity > 0.95
    counts = figures(report)
    assert (counts["near"], counts["near_relabelled"], counts["eval_in_train"]) == (1, 1, 1)


@pytest.mark.parametrize("near", [0.0, -1.0, 1.01, float("nan")])
def test_a_similarity_out_of_range_is_refused(root, near):
    with pytest.raises(ValueError, match=r"near-duplicates must be in \(0, 1\], got"):
        check(root, near=near)


def test_the_report_as_json_holds_everything(root):
    expected = break_folder(root)
    put(root, "train/happy/p.png", seed=1)
    put(root, "test/angry/p.png", seed=1)
    soft(root, "train/happy/n.png", 1)
    soft(root, "test/happy/n.jpg", 1)
    values = json.loads(json.dumps(to_json(check(root, near=0.9))))
    assert values["refused"] is True
    assert values["classes"] == ["happiness", "anger"]
    assert values["train"]["counts"] == {"happiness": 4, "anger": 1}
    assert values["train"]["sizes"]["commonest"][0] == {"size": [14, 10], "images": 4}
    assert sorted((entry["kind"], entry["name"]) for entry in values["problems"]) == expected
    assert all(entry["detail"] for entry in values["problems"])
    assert values["identical"] == [
        {
            "train": [{"name": "train/happy/p.png", "label": "happiness"}],
            "eval": [{"name": "test/angry/p.png", "label": "anger"}],
        }
    ]
    (pair,) = values["near"]
    assert pair["train"] == {"name": "train/happy/n.png", "label": "happiness"}
    assert pair["mirrored"] is False
    assert values["figures"]["near"] == 1


def test_a_split_without_one_readable_image_is_refused_also_when_all_are_left_out(root, tmp_path):
    for path in (root / "test").rglob("*.png"):
        path.write_bytes(b"")
    report = check(root)
    assert report.refused
    assert report.eval.sizes is None
    write_fix_list(tmp_path / "list.txt", [problem.name for problem in report.problems])
    left = check_data(
        list_data(f"folder:{root}?classes=emotions", SMALL, without=tmp_path / "list.txt"), near=0.9
    )
    assert left.problems == ()
    assert left.refused
    json.dumps(to_json(left))


@pytest.mark.slow
def test_images_in_memory_are_checked_too():
    report = check_data(list_data("synthetic?train=14&test=7", SMALL))
    assert sum(report.train.counts.values()) == 14
    assert report.train.sizes.median == (16, 16)


def test_a_fix_list_is_sorted_without_repeats_and_may_be_empty(tmp_path):
    path = tmp_path / "list.txt"
    write_fix_list(path, ["ü 2.jpg", "a/", "ü 2.jpg"])
    assert path.read_text(encoding="utf-8") == "a/\nü 2.jpg\n"
    write_fix_list(path, [])
    assert path.read_bytes() == b""
    assert read_exclude_list(path) == frozenset()


@pytest.mark.parametrize("name", ["a\nb.jpg", "a\rb.jpg", "a\u2028b.jpg", "", "  ", "\udce9.jpg"])
def test_a_name_that_is_no_line_is_refused_and_nothing_is_written(tmp_path, name):
    path = tmp_path / "list.txt"
    path.write_text("earlier\n")
    with pytest.raises(DataError, match=r"exclude list"):
        write_fix_list(path, ["fine.jpg", name])
    assert path.read_text() == "earlier\n"
    assert [file.name for file in tmp_path.iterdir()] == ["list.txt"]
