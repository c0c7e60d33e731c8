import sys

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, Storage, content_hash, list_data, load_data
from fer_core.datasets.exclude import read_exclude_list
from fer_core.datasets.loading import load_split, select, training_digests

SMALL = Decoding(8, 3)


def put(root, place, value=None):
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    number = sum(map(ord, place)) % 251 if value is None else value
    pixels = np.random.default_rng(number).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / place)


@pytest.fixture
def root(tmp_path):
    faces = tmp_path / "faces"
    for place in ("train/happy/a.png", "train/happy/b.png", "train/angry/c.png"):
        put(faces, place)
    for place in ("test/happy/d.png", "test/angry/e.png", "test/angry/f.png"):
        put(faces, place)
    return faces


def fix_list(root, *names):
    path = root.parent / "exclude list.txt"
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return path


def test_dedup_drops_test_images_that_also_stand_in_train(root):
    put(root, "train/angry/x.png", 300)
    put(root, "test/happy/y.png", 300)
    whole = load_data(f"folder:{root}", SMALL)
    data = load_data(f"folder:{root}", SMALL, dedup=True)
    assert (len(whole.eval.true_labels), whole.dropped_duplicates) == (4, 0)
    assert (len(data.eval.true_labels), data.dropped_duplicates) == (3, 1)
    assert data.eval.names == ("test/happy/d.png", "test/angry/e.png", "test/angry/f.png")
    assert data.eval.images[:].shape == (3, 8, 8, 3)
    kept = [whole.eval.names.index(name) for name in data.eval.names]
    assert np.array_equal(data.eval.images[np.array([2, 0])], whole.eval.images[kept][[2, 0]])
    assert data.train.names == whole.train.names


def test_dedup_compares_the_images_themselves_not_what_is_left_of_them(root):
    black = np.zeros((64, 64, 3), np.uint8)
    Image.fromarray(black).save(root / "train/angry/x.png")
    black[5, 5] = 1  # is lost when the image is reduced
    Image.fromarray(black).save(root / "test/angry/y.png")
    assert load_data(f"folder:{root}", SMALL, dedup=True).dropped_duplicates == 0


def test_dedup_that_leaves_nothing_is_refused(root):
    for folder in ("happy", "angry"):
        for path in (root / "test" / folder).iterdir():
            put(root, f"train/{folder}/{path.name}", 400)
            put(root, f"test/{folder}/{path.name}", 400)
    with pytest.raises(DataError, match="every image of test is also in train"):
        load_data(f"folder:{root}", SMALL, dedup=True)


def test_files_of_a_list_are_left_out(root):
    (root / "train/happy/b.png").write_bytes(b"")
    path = fix_list(root, "train/happy/b.png", "test/angry/e.png")
    data = load_data(f"folder:{root}", SMALL, without=path)
    assert data.train.names == ("train/happy/a.png", "train/angry/c.png")
    assert data.eval.names == ("test/happy/d.png", "test/angry/f.png")
    assert data.train.true_labels.tolist() == [0, 1]


def test_a_folder_of_a_list_is_left_out_with_all_it_holds(root):
    put(root, "train/bored/g.png")
    with pytest.raises(DataError, match=r"unknown emotion 'bored'.*--exclude FILE"):
        load_data(f"folder:{root}?classes=emotions", SMALL)
    data = load_data(
        f"folder:{root}?classes=emotions",
        SMALL,
        without=fix_list(root, "train/bored/", "test/angry/"),
    )
    assert len(data.train.true_labels) == 3
    assert data.eval.names == ("test/happy/d.png",)


def test_a_list_of_another_data_set_is_refused(root):
    path = fix_list(root, "train/happy/a.png", "train_00001.jpg", "train_00002.jpg")
    with pytest.raises(DataError, match=r"no image 'train_00001\.jpg'.*2 of 3 names are unknown"):
        list_data(f"folder:{root}", SMALL, without=path)


def test_a_list_that_leaves_nothing_is_refused(root):
    with pytest.raises(DataError, match="split test has no images left"):
        load_data(f"folder:{root}", SMALL, without=fix_list(root, "test/"))


def test_an_absent_list_names_the_command_that_writes_it(tmp_path):
    with pytest.raises(
        DataError, match=r"fer-core data check URI --fix-list .*none\.txt' writes it"
    ):
        read_exclude_list(tmp_path / "none.txt")


def test_a_list_that_is_no_text_is_named(tmp_path):
    (tmp_path / "list.txt").write_bytes("gesicht_ä.jpg".encode("latin-1"))
    with pytest.raises(DataError, match=r"list\.txt is not UTF-8 text"):
        read_exclude_list(tmp_path / "list.txt")


def test_a_list_with_a_mark_of_byte_order_is_read(tmp_path):
    (tmp_path / "list.txt").write_text("a.png\r\nb.png\r\n", encoding="utf-8-sig", newline="")
    assert read_exclude_list(tmp_path / "list.txt") == {"a.png", "b.png"}


def test_a_second_problem_is_counted(root):
    put(root, "train/bored/g.png")
    put(root, "test/bored/g.png")
    with pytest.raises(DataError, match=r"unknown emotion 'bored'.*\(1 more like this\)"):
        load_data(f"folder:{root}?classes=emotions", SMALL)


@pytest.mark.parametrize("sign", ["\r", "\n"])
def test_a_name_with_a_line_break_is_a_problem_before_any_image_is_read(tmp_path, sign):
    rows = [f"{n}.png,{('happy', 'sad')[n % 2]}\n" for n in range(4)]
    table = tmp_path / "labels.csv"
    table.write_bytes(f'image,label\n"a{sign}b.png",happy\n{"".join(rows)}'.encode())
    (problem,) = list_data(f"csv:{table}", SMALL).problems
    assert (problem.kind, problem.name) == ("label", f"a{sign}b.png")
    with pytest.raises(DataError, match=r"the image name 'a\\[rn]b\.png' with a line break"):
        load_data(f"csv:{table}?folds=2", SMALL)


@pytest.mark.skipif(sys.platform == "win32", reason="file names have no line breaks there")
def test_a_file_name_with_a_line_break_is_a_problem(root):
    put(root, "train/happy/a\rb.png")
    (problem,) = list_data(f"folder:{root}", SMALL).problems
    assert problem.name == "train/happy/a\rb.png"


def test_the_usual_side_of_the_images_is_measured(root):
    assert load_data(f"folder:{root}", SMALL).source_size == 10


def test_a_selection_keeps_every_column_together(root):
    split = load_data(f"folder:{root}", SMALL).eval
    split = split._replace(
        votes=np.arange(30).reshape(3, 10),
        original_labels=np.array([5, 6, 7]),
        slices={"age": ("0-3", "4-19", "70+")},
    )
    chosen = select(split, np.array([2, 0]))
    assert chosen.names == ("test/angry/f.png", "test/happy/d.png")
    assert chosen.true_labels.tolist() == [1, 0]
    assert chosen.votes[:, 0].tolist() == [20, 0]
    assert chosen.original_labels.tolist() == [7, 5]
    assert chosen.slices == {"age": ("70+", "0-3")}
    assert np.array_equal(chosen.images[:], split.images[[2, 0]])
    assert np.array_equal(chosen.digests, split.digests[[2, 0]])


def test_the_content_hash_does_not_depend_on_how_images_are_decoded(root):
    one = content_hash(load_data(f"folder:{root}", SMALL))
    assert one == content_hash(load_data(f"folder:{root}", Decoding(16, 1)))
    put(root, "test/angry/f.png", 1)
    assert one != content_hash(load_data(f"folder:{root}", SMALL))


def test_a_class_that_is_left_out_whole_is_no_class_any_more(root):
    put(root, "train/sad/s.png")
    put(root, "test/sad/t.png")
    path = fix_list(root, "train/happy/", "test/happy/")
    data = load_data(f"folder:{root}", SMALL, without=path)
    assert data.classes == ("sadness", "anger")
    assert data.train.true_labels.tolist() == [0, 1]
    assert data.eval.true_labels.tolist() == [0, 1, 1]
    with pytest.raises(DataError, match=r"d\.png is happiness, which has no training images"):
        load_data(f"folder:{root}", SMALL, without=fix_list(root, "train/happy/"))
    with pytest.raises(DataError, match="training images of 1 classes left"):
        load_data(f"folder:{root}", SMALL, without=fix_list(root, "train/happy/", "train/sad/"))


def test_one_split_is_decoded_as_for_training(root):
    listing, whole = list_data(f"folder:{root}", SMALL), load_data(f"folder:{root}", SMALL)
    for kind, expected in (("train", whole.train), ("eval", whole.eval)):
        split = load_split(listing, kind, SMALL, Storage())
        assert (split.name, split.names) == (expected.name, expected.names)
        assert np.array_equal(split.images[:], expected.images[:])
        assert np.array_equal(split.digests, expected.digests)


def test_one_split_may_be_loaded_where_the_other_is_empty(root):
    listing = list_data(f"folder:{root / 'test'}", SMALL)
    assert len(load_split(listing, "eval", SMALL, Storage()).true_labels) == 3
    with pytest.raises(DataError, match="split train has no images; its split test has 3"):
        load_split(listing, "train", SMALL, Storage())
    assert training_digests(listing, Storage()).shape == (0, 16)


def test_a_problem_of_the_listing_stops_the_loading_of_one_split(root):
    put(root, "test/bored/g.png")
    with pytest.raises(DataError, match="unknown emotion 'bored'"):
        load_split(list_data(f"folder:{root}?classes=emotions", SMALL), "test", SMALL, Storage())


def test_digests_of_the_training_images_are_had_without_decoding_them(root, tmp_path):
    listing = list_data(f"folder:{root}", SMALL)
    digests = training_digests(listing, Storage(folder=tmp_path / "cache"))
    assert np.array_equal(digests, load_data(f"folder:{root}", SMALL).train.digests)
    assert not (tmp_path / "cache/entries").exists()


def test_the_former_name_of_the_kind_of_split_says_which_split_it_is(root, caplog):
    listing = list_data(f"folder:{root}", SMALL)
    former = load_split(listing, "test", SMALL, Storage())
    assert "'test' is now 'eval'" in caplog.text
    assert former.names == load_split(listing, "eval", SMALL, Storage()).names
