import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.config.input_spec import InputSpec
from fer_core.datasets import DataError, Decoding, Storage, list_data
from fer_core.evaluation.predictions import predict_split
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import TrainedModel
from fer_core.taxonomy import taxonomy_of

LANDMARKS = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))
FACES = {"happy": 5, "angry": 4, "fear": 3}


def trained(*classes, size=64, channels=3, grey=False):
    torch.manual_seed(len(classes))
    model = AttentionModel("test_resnet", len(classes), image_size=size, channels=channels).eval()
    spec = InputSpec(size, channels, model.mean, model.std, size, grey, LANDMARKS)
    return TrainedModel(model, taxonomy_of(classes), spec, {})


@pytest.fixture(scope="module")
def listing(tmp_path_factory):
    """Folders of classes: 5 times happiness, 4 times anger, 3 times fear, in colour."""
    root = tmp_path_factory.mktemp("data") / "faces"
    generator = np.random.default_rng(0)
    for name, count in FACES.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return list_data(f"folder:{root}", Decoding(64, 3))


def ask(model, listing, *, mirror=False, shared=False):
    options = {"storage": Storage("stream"), "mirror": mirror, "shared_classes": shared}
    return predict_split(model, listing, "test", **options)


def labels_of(answers):
    return [answers.classes[label] for label in answers.split.true_labels]


def test_labels_are_matched_by_name_whatever_their_numbers_are(listing):
    model = trained("fear", "neutral", "anger", "happiness")
    found = ask(model, listing)
    assert listing.classes == ("happiness", "anger", "fear")
    assert found.classes == model.classes
    assert labels_of(found) == ["happiness"] * 5 + ["anger"] * 4 + ["fear"] * 3
    assert (found.unknown, found.absent) == ({}, ("neutral",))


def test_the_answers_are_the_logits_of_every_image_alone(listing):
    model = trained("anger", "happiness", "fear")
    found = ask(model, listing)
    pixels = listing.eval.images.open(6).resize((64, 64), Image.Resampling.BICUBIC)
    image = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None] / 255
    mean, std = model.model.statistics()
    with torch.no_grad():
        expected = model.model((image - mean) / std).logits[0].numpy()
        averaged = model.model.tta_average((image - mean) / std).logits[0].numpy()
    assert found.logits[6] == pytest.approx(expected, abs=1e-5)
    assert ask(model, listing, mirror=True).logits[6] == pytest.approx(averaged, abs=1e-5)
    assert (found.predicted == found.logits.argmax(1)).all()
    assert (found.correct == (found.predicted == found.split.true_labels)).all()


def test_images_of_a_class_that_the_model_does_not_know_are_left_out_and_counted(listing):
    model = trained("neutral", "fear", "happiness")
    found, whole = ask(model, listing), ask(trained("happiness", "anger", "fear"), listing)
    assert found.unknown == {"anger": 4}
    assert labels_of(found) == ["happiness"] * 5 + ["fear"] * 3
    kept = [*range(5), *range(9, 12)]
    assert found.split.names == tuple(whole.split.names[index] for index in kept)
    assert np.array_equal(found.split.digests, whole.split.digests[kept])
    assert len(found.logits) == 8


def test_shared_classes_leaves_only_answers_that_the_data_have(listing):
    model = trained("fear", "neutral", "anger", "sadness", "happiness")
    free, shared = ask(model, listing), ask(model, listing, shared=True)
    assert shared.classes == ("fear", "anger", "happiness")
    assert (free.absent, shared.absent) == (("neutral", "sadness"), ())
    assert np.array_equal(shared.logits, free.logits[:, [0, 2, 4]])
    assert labels_of(shared) == labels_of(free)
    assert shared.correct.sum() >= free.correct.sum()


def test_shared_classes_changes_nothing_where_the_data_have_them_all(listing):
    model = trained("fear", "anger", "happiness")
    assert np.array_equal(ask(model, listing, shared=True).logits, ask(model, listing).logits)


def test_a_model_that_knows_no_class_of_the_images_is_refused(listing):
    with pytest.raises(
        DataError, match=r"predicts neutral, disgust: .* happiness, anger, fear only"
    ):
        ask(trained("neutral", "disgust"), listing)


def test_a_choice_of_one_class_is_refused(listing):
    with pytest.raises(DataError, match="would choose from fear alone"):
        ask(trained("neutral", "fear"), listing, shared=True)


@pytest.mark.parametrize(("size", "channels"), [(64, 1), (48, 1), (48, 3)])
def test_every_model_sees_the_images_at_its_own_size_and_channels(listing, size, channels):
    model = trained("happiness", "anger", "fear", size=size, channels=channels, grey=channels == 1)
    found = ask(model, listing)
    assert found.split.images.shape == (12, size, size, channels)
    assert found.logits.shape == (12, 3)


def test_a_colour_model_of_grey_images_sees_grey_ones(listing):
    images = ask(trained("happiness", "fear", grey=True), listing).split.images
    assert len(images) == images.shape[0] == 8
    pixels = images[:3]
    assert pixels.shape == (3, 64, 64, 3)
    assert np.array_equal(pixels[..., 0], pixels[..., 2])
    grey = listing.eval.images.open(0).convert("L").resize((64, 64), Image.Resampling.BICUBIC)
    assert np.array_equal(pixels[0, ..., 1], np.array(grey))
