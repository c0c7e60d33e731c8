import io
import sys

import numpy as np
import pytest
from PIL import Image

from fer_core.datasets import DataError, Decoding, list_data, load_data
from fer_core.datasets.images import UnusableImageError

hub = pytest.importorskip("datasets")
COLOUR = Decoding(8, 3)
NAMES = ["angry", "Suprise", "happy"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("hub"))


def encoded(value, exif=None):
    content = io.BytesIO()
    image = Image.new("RGB", (20, 20), (value, 0, 0))
    image.save(content, "PNG", **({"exif": exif} if exif else {}))
    return content.getvalue()


def rows(labels, *, names=NAMES, contents=None, image="image", label="label"):
    """A split with one image a label; the red value of row i is i."""
    contents = contents or [encoded(index) for index in range(len(labels))]
    images = [content and {"bytes": content, "path": None} for content in contents]
    feature = hub.ClassLabel(names=names) if names else hub.Value("string")
    return hub.Dataset.from_dict(
        {image: images, label: labels},
        features=hub.Features({image: hub.Image(), label: feature}),
    )


def save(root, **splits):
    for name, split in splits.items():
        (root / "data").mkdir(parents=True, exist_ok=True)
        split.to_parquet(root / "data" / f"{name}-00000-of-00001.parquet")
    return root


@pytest.fixture
def root(tmp_path):
    return save(tmp_path / "faces", train=rows([0, 1, 2, 0]), test=rows([2, 1]))


def emotions(data, split):
    return [data.classes[label] for label in split.true_labels]


def test_convention_class_names_become_the_classes_of_the_project(root):
    data = load_data(f"hf:{root}", COLOUR)
    assert data.classes == ("happiness", "surprise", "anger")
    assert emotions(data, data.train) == ["anger", "surprise", "happiness", "anger"]
    assert emotions(data, data.eval) == ["happiness", "surprise"]
    assert (data.name, data.train.name, data.eval.name) == ("faces", "train", "test")


def test_every_label_stays_with_its_image(root):
    data = load_data(f"hf:{root}", COLOUR)
    assert data.train.images[:, 4, 4, 0].tolist() == [0, 1, 2, 3]
    assert data.train.names == tuple(f"train/00000{row}" for row in range(4))
    assert data.source_size == 20


def test_labels_may_be_texts(tmp_path):
    train = rows(["sad", "Fearful", "sad"], names=None)
    save(tmp_path, train=train, test=rows(["fear"], names=None))
    data = load_data(f"hf:{tmp_path}", COLOUR)
    assert emotions(data, data.train) == ["sadness", "fear", "sadness"]


def test_columns_and_splits_have_the_names_that_are_asked_for(tmp_path):
    splits = {name: rows([0, 1], image="face", label="emotion") for name in ("one", "two")}
    save(tmp_path, **splits)
    uri = f"hf:{tmp_path}?train=one&test=two&image=face&label=emotion"
    data = load_data(uri, COLOUR)
    assert (data.train.name, data.eval.names) == ("one", ("two/000000", "two/000001"))


def test_an_image_folder_is_read_with_the_rotation_of_its_images(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    for place in ("train/happy/a", "train/angry/b", "test/happy/c"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (8, 8))
        image.putpixel((0, 0), (200, 0, 0))
        image.save(tmp_path / f"{place}.png", exif=exif)
    data = load_data(f"hf:{tmp_path}", COLOUR)
    assert emotions(data, data.train) == ["anger", "happiness"]
    assert data.train.images[:, 7, 7, 0].tolist() == [200, 200]


def test_images_in_bytes_are_turned_upright_too(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = io.BytesIO()
    Image.new("RGB", (20, 10)).save(content, "PNG", exif=exif)
    train = rows([0, 1], contents=[content.getvalue()] * 2)
    listing = list_data(f"hf:{save(tmp_path, train=train, test=rows([0]))}", COLOUR)
    assert listing.train.images.open(0).size == (10, 20)


def test_a_data_set_saved_to_disk_is_read(tmp_path):
    hub.DatasetDict(train=rows([0, 1]), test=rows([1])).save_to_disk(tmp_path / "saved")
    assert len(load_data(f"hf:{tmp_path / 'saved'}", COLOUR).train.true_labels) == 2


def test_validation_stands_in_for_a_missing_test_split(tmp_path):
    save(tmp_path, train=rows([0, 1]), validation=rows([0]))
    assert load_data(f"hf:{tmp_path}", COLOUR).eval.name == "validation"
    with pytest.raises(DataError, match="no split 'test'; its splits: train, validation"):
        load_data(f"hf:{tmp_path}?test=test", COLOUR)


def test_one_split_cannot_be_both(root):
    with pytest.raises(DataError, match="must be two splits, got 'train' twice"):
        load_data(f"hf:{root}?test=train", COLOUR)


@pytest.mark.parametrize(("option", "there"), [("image", "pixels"), ("label", "emotion")])
def test_a_missing_column_is_named_with_those_there_are(tmp_path, option, there):
    splits = {name: rows([0, 1], **{option: there}) for name in ("train", "test")}
    with pytest.raises(DataError, match=rf"no column '{option}', but .*{there}.*\?{option}=COLUMN"):
        load_data(f"hf:{save(tmp_path, **splits)}", COLOUR)


def test_numbers_without_names_are_refused(tmp_path):
    split = rows([0, 1]).cast_column("label", hub.Value("int64"))
    save(tmp_path, train=split, test=split)
    with pytest.raises(DataError, match=r"column 'label' of split train holds .*int64.*ClassLabel"):
        load_data(f"hf:{tmp_path}", COLOUR)


def test_a_column_that_holds_no_images_is_refused(root):
    with pytest.raises(DataError, match="column 'label' of split train holds no images"):
        load_data(f"hf:{root}?image=label", COLOUR)


@pytest.mark.slow
def test_labels_that_are_no_emotions_are_refused_with_those_there_are(tmp_path):
    split = rows(["0", "1"], names=None)
    save(tmp_path, train=split, test=split)
    with pytest.raises(DataError, match=r"images of 0 emotions.*its labels: '0', '1'"):
        load_data(f"hf:{tmp_path}?classes=emotions", COLOUR)
    with pytest.raises(DataError, match=r"of the labels, '0' is a number alone and '1' is a num"):
        load_data(f"hf:{tmp_path}", COLOUR)
    assert load_data(f"hf:{tmp_path}?classes=as-is", COLOUR).classes == ("0", "1")


@pytest.mark.slow
def test_labels_of_any_language_are_classes_as_they_stand_sorted_by_name(tmp_path):
    names = ["müde", "眠い", "engaged"]
    save(tmp_path, train=rows([0, 1, 2, 0], names=names), test=rows([2, 1], names=names))
    data = load_data(f"hf:{tmp_path}", COLOUR)
    assert data.classes == ("engaged", "müde", "眠い")
    assert emotions(data, data.train) == ["müde", "眠い", "engaged", "müde"]
    assert emotions(data, data.eval) == ["engaged", "眠い"]


@pytest.mark.slow
def test_labels_of_which_some_are_emotions_are_a_question(tmp_path):
    train = rows(["sad", "bored", "fear"], names=None)
    save(tmp_path, train=train, test=rows(["fear"], names=None))
    with pytest.raises(
        DataError, match=r"'bored' is not an emotion, while 'fear' and 'sad' name emot"
    ):
        load_data(f"hf:{tmp_path}", COLOUR)
    assert load_data(f"hf:{tmp_path}?classes=as-is", COLOUR).classes == ("bored", "fear", "sad")


@pytest.mark.slow
def test_rows_without_a_usable_label_are_problems(tmp_path):
    train = rows(["sad", "bored", "fear", None, "", "sad"], names=None)
    save(tmp_path, train=train, test=rows(["fear", "anger"], names=None))
    listing = list_data(f"hf:{tmp_path}?classes=emotions", COLOUR)
    assert [(problem.kind, problem.name) for problem in listing.problems] == [
        ("class", "train/000001"),
        ("label", "train/000003"),
        ("label", "train/000004"),
        ("class", "test/000001"),
    ]
    assert listing.train.names == ("train/000000", "train/000002", "train/000005")
    assert listing.train.images.open(1).getpixel((0, 0)) == (2, 0, 0)
    assert listing.train.images.select([2, 0]).open(0).getpixel((0, 0)) == (5, 0, 0)
    with pytest.raises(DataError, match=r"train/000001: unknown emotion 'bored'.*3 more"):
        load_data(f"hf:{tmp_path}?classes=emotions", COLOUR)
    assert "anger, which has no training images" in listing.problems[-1].detail


def test_a_class_label_may_be_absent(tmp_path):
    save(tmp_path, train=rows([0, -1, 1, None]), test=rows([0]))
    problems = list_data(f"hf:{tmp_path}", COLOUR).problems
    assert [problem.name for problem in problems] == ["train/000001", "train/000003"]


@pytest.mark.parametrize(
    ("content", "sentence", "absent"),
    [
        (b"no image", "is not a readable image", False),
        (encoded(1)[:60], "is not a readable image", False),
        (None, "holds no image", True),
    ],
)
@pytest.mark.slow
def test_a_broken_image_is_named(tmp_path, content, sentence, absent):
    save(tmp_path, train=rows([0, 1], contents=[encoded(0), content]), test=rows([0]))
    with pytest.raises(DataError, match=f"train/000001 {sentence}"):
        load_data(f"hf:{tmp_path}", COLOUR)
    with pytest.raises(UnusableImageError) as error:
        list_data(f"hf:{tmp_path}", COLOUR).train.images.open(1)
    assert error.value.absent is absent


@pytest.mark.slow
def test_the_stamp_changes_with_the_images_and_the_selection(root):
    def stamps():
        images = list_data(f"hf:{root}", COLOUR).train.images
        chosen = images.select([1, 3])
        assert chosen.open(1).getpixel((0, 0)) == images.open(3).getpixel((0, 0))
        assert len(chosen) == 2
        return images.stamp(), chosen.stamp(), images.select(np.array([3, 1])).stamp()

    before = stamps()
    assert before == stamps()
    save(root, train=rows([0, 1, 2, 1], contents=[encoded(9)] * 4))
    assert len({*before, *stamps()}) == 6


def test_many_images_can_be_opened_at_once(tmp_path):
    train = rows(
        [index % 3 for index in range(300)], contents=[encoded(i % 256) for i in range(300)]
    )
    data = load_data(f"hf:{save(tmp_path, train=train, test=rows([0]))}", COLOUR)
    assert data.train.images[:, 0, 0, 0].tolist() == [index % 256 for index in range(300)]


def test_an_unknown_data_set_of_the_hub_is_a_sentence():
    with pytest.raises(DataError, match=r"no-one/nothing cannot be loaded: .*OWNER/NAME"):
        load_data("hf:no-one/nothing", COLOUR)


def test_a_folder_without_data_shows_the_expected_tree(tmp_path):
    with pytest.raises(DataError, match=r"cannot be loaded: [\s\S]*Expected:[\s\S]*PATH/train"):
        load_data(f"hf:{tmp_path}", COLOUR)


def test_a_single_file_is_refused_with_what_is_wanted(root):
    path = root / "data" / "train-00000-of-00001.parquet"
    with pytest.raises(DataError, match=r"parquet is a file: name the folder of all splits"):
        load_data(f"hf:{path}", COLOUR)


def test_a_broken_parquet_file_is_a_sentence(root):
    (root / "data" / "test-00000-of-00001.parquet").write_bytes(b"xx")
    with pytest.raises(DataError, match="faces cannot be loaded: "):
        load_data(f"hf:{root}", COLOUR)


def test_an_unknown_configuration_is_a_sentence(root):
    with pytest.raises(DataError, match=r"cannot be loaded: .*'plus' not found"):
        load_data(f"hf:{root}?config=plus", COLOUR)


def test_without_the_library_its_install_command_is_named(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"pip install 'fer-core\[hf\]'"):
        load_data(f"hf:{root}", COLOUR)


def test_the_library_draws_no_bars_and_is_left_as_it_was(root, capfd):
    hub.enable_progress_bars()
    load_data(f"hf:{root}", COLOUR)
    assert capfd.readouterr().err == ""
    assert not hub.are_progress_bars_disabled()


def test_options_that_it_does_not_have_are_refused(root):
    with pytest.raises(DataError, match="hf has no option 'split'; its options: train=train"):
        load_data(f"hf:{root}?split=x", COLOUR)


def test_an_image_that_a_table_only_names_is_read_again_when_it_changes(tmp_path):
    for name, red in (("a", 10), ("b", 20)):
        (tmp_path / f"{name}.png").write_bytes(encoded(red))
    paths = [str(tmp_path / f"{name}.png") for name in ("a", "b")]
    split = hub.Dataset.from_dict({"image": paths, "label": ["angry", "happy"]})
    root = save(tmp_path / "set", train=split, test=split)
    before = load_data(f"hf:{root}", COLOUR).train.images[:]
    assert sorted(before[:, 0, 0, 0].tolist()) == [10, 20]
    (tmp_path / "a.png").write_bytes(encoded(200))
    after = load_data(f"hf:{root}", COLOUR).train.images[:]
    assert sorted(after[:, 0, 0, 0].tolist()) == [20, 200]
