import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.config.input_spec import InputSpec
from fer_core.datasets import DataError, Decoding, Storage, list_data
from fer_core.evaluation.corruption_figures import accuracy_lost, corruption_figures
from fer_core.evaluation.predictions import predict_split
from fer_core.evaluation.robustness import RobustnessPlan, measure_robustness
from fer_core.foreign.labels import map_labels
from fer_core.foreign.model import ForeignModel, load_network
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import TrainedModel
from fer_core.taxonomy import taxonomy_of
from fer_core.transforms.corruption import CORRUPTIONS, corrupt
from tests.foreign_models import save_timm

LANDMARKS = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))
CLASSES = ("happiness", "anger", "fear")
SIDE = 32  # of the training images of the models here


def trained(*classes, size=48, channels=1, grey=True, source=SIDE):
    torch.manual_seed(len(classes))
    model = AttentionModel("test_resnet", len(classes), image_size=size, channels=channels).eval()
    spec = InputSpec(size, channels, model.mean, model.std, source, grey, LANDMARKS)
    return TrainedModel(model, taxonomy_of(classes), spec, {})


@pytest.fixture(scope="module")
def listing(tmp_path_factory):
    """Folders of classes: 12 grey images of 32 pixels, four of each class."""
    root = tmp_path_factory.mktemp("data") / "faces"
    generator = np.random.default_rng(0)
    for name in ("happy", "angry", "fear"):
        (root / name).mkdir(parents=True)
        for number in range(4):
            pixels = generator.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return list_data(f"folder:{root}", Decoding(48, 3))


def predictions_of(model, listing, *, shared=False):
    options = {"storage": Storage("stream"), "mirror": False, "shared_classes": shared}
    return predict_split(model, listing, "eval", **options)


def measure(model, listing, plan, *, shared=False, mirror=False):
    found = predictions_of(model, listing, shared=shared)
    return measure_robustness(model, listing, "eval", found, plan, mirror=mirror)


def watch(model):
    """The pixels that the network is shown, portion by portion, before they are normalised."""
    seen = []
    mean, std = model.model.statistics()
    model.model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0] * std + mean))
    return seen


@pytest.mark.slow
def test_clean_figures_are_those_of_the_ordinary_evaluation(listing):
    model = trained(*CLASSES)
    found = measure(model, listing, RobustnessPlan(0, ("noise",), resamples=100))
    predictions = predictions_of(model, listing)
    assert found.images == found.drawn == found.available == 12
    assert found.clean.accuracy.value == pytest.approx(predictions.correct.mean())
    assert found.clean == corruption_figures(
        predictions.logits, predictions.split.true_labels, predictions.classes
    )


@pytest.mark.slow
def test_every_kind_has_its_five_levels_with_unit_and_points_lost(listing):
    found = measure(trained(*CLASSES), listing, RobustnessPlan(5, resamples=100))
    assert list(found.kinds) == list(CORRUPTIONS)
    assert found.images == 5
    for kind, of in found.kinds.items():
        assert of.strength == CORRUPTIONS[kind].strength
        assert tuple(level.strength for level in of.levels) == CORRUPTIONS[kind].levels
        for level in of.levels:
            lost = found.clean.accuracy.value - level.figures.accuracy.value
            assert level.lost.value == pytest.approx(lost)
            assert level.lost.low <= level.lost.value <= level.lost.high


def test_images_are_corrupted_at_the_resolution_of_training_and_enlarged_as_decoding_does(
    listing,
):
    model = trained(*CLASSES)
    seen = watch(model)
    found = measure(model, listing, RobustnessPlan(0, ("blur",), resamples=100))
    original = np.array(listing.eval.images.open(3).convert("L"))
    blurred = corrupt(torch.from_numpy(original)[None] / 255, "blur", 2, seed=0)[0]
    pixels = Image.fromarray(blurred.mul(255).round().byte().numpy())
    enlarged = np.array(pixels.resize((48, 48), Image.Resampling.BICUBIC)) / 255
    place = 1 + CORRUPTIONS["blur"].levels.index(2)  # behind the clean images
    shown = seen[-1 - len(CORRUPTIONS["blur"].levels) :][place]
    assert found.side == SIDE
    assert shown[3, 0].numpy() == pytest.approx(enlarged, abs=1e-5)


@pytest.mark.slow
def test_two_models_are_shown_the_same_images_with_the_same_noise(listing):
    plan = RobustnessPlan(6, ("noise",), seed=4, resamples=100)
    models = trained(*CLASSES), trained(*CLASSES, "sadness")
    seen = [watch(model) for model in models]
    for model in models:
        measure(model, listing, plan)
    for one, other in zip(*(shown[-6:] for shown in seen), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_the_noise_of_an_image_does_not_depend_on_what_else_is_drawn(listing):
    model = trained(*CLASSES)
    seen = watch(model)
    shown = {}
    for count in (0, 5):
        plan = RobustnessPlan(count, ("noise",), seed=1, resamples=100)
        measure(model, listing, plan)
        shown[count] = seen[-1], plan.draw(12)
    (everything, _), (five, rows) = shown[0], shown[5]
    assert len(five) == 5
    assert torch.allclose(five, everything[rows.tolist()], atol=1e-6)


@pytest.mark.slow
def test_grey_images_stay_grey_for_a_colour_model(listing):
    model = trained(*CLASSES, channels=3, grey=False)
    seen = watch(model)
    measure(model, listing, RobustnessPlan(0, ("noise",), resamples=100))
    noisy = seen[-1]
    assert noisy.shape[1] == 3
    assert torch.allclose(noisy[:, 0], noisy[:, 2], atol=1e-5)


@pytest.mark.slow
def test_the_same_seed_draws_the_same_images_and_gives_the_same_figures(listing):
    plan = RobustnessPlan(7, ("noise", "jpeg"), seed=3, resamples=100)
    model = trained(*CLASSES)
    assert measure(model, listing, plan) == measure(model, listing, plan)
    assert plan.draw(12).tolist() == sorted({*plan.draw(12).tolist()})
    assert plan.draw(12).tolist() != RobustnessPlan(7, seed=5).draw(12).tolist()
    assert RobustnessPlan(0).draw(12).tolist() == RobustnessPlan(50).draw(12).tolist()


def test_images_of_unknown_classes_are_not_corrupted_and_counted(listing):
    found = measure(trained("happiness", "fear"), listing, RobustnessPlan(0, ("blur",)))
    assert (found.images, found.drawn) == (8, 12)


@pytest.mark.slow
def test_a_draw_without_a_class_that_the_model_knows_is_refused(listing):
    model = trained("happiness", "neutral")
    names = listing.eval.names
    seed = next(
        seed
        for seed in range(100)
        if "happy" not in names[int(RobustnessPlan(1, seed=seed).draw(12)[0])]
    )
    with pytest.raises(DataError, match=r"knows the class of none"):
        measure(model, listing, RobustnessPlan(1, ("blur",), seed=seed))


@pytest.mark.slow
def test_shared_classes_hold_under_corruption_too(listing):
    model = trained("neutral", *CLASSES)
    plan = RobustnessPlan(0, resamples=100)
    found = measure(model, listing, plan, shared=True)
    levels = [level for kind in found.kinds.values() for level in kind.levels]
    assert {level.figures.commonest for level in levels} <= {*CLASSES}


@pytest.mark.slow
def test_a_model_of_another_project_prepares_the_corrupted_images_itself(listing, tmp_path):
    network = load_network(save_timm(tmp_path / "theirs"))
    model = ForeignModel(network, map_labels(network.labels, listing.classes, {}))
    predictions = predictions_of(model, listing)
    found = measure(model, listing, RobustnessPlan(0, ("noise",), resamples=100))
    assert found.side == min(SIDE, network.input.size)
    assert found.images == len(predictions.split.names)
    assert len(found.kinds["noise"].levels) == 5


def test_a_model_that_answers_one_class_shows():
    logits = np.tile([4.0, 0.0, 0.0], (6, 1))
    figures = corruption_figures(logits, np.array([0, 0, 1, 1, 2, 2]), CLASSES)
    assert (figures.commonest, figures.commonest_share) == ("happiness", 1)
    assert figures.accuracy.value == pytest.approx(1 / 3)
    assert figures.mean_class_accuracy == pytest.approx(1 / 3)
    assert figures.ece == pytest.approx(figures.confidence - 1 / 3)


def test_points_lost_are_paired():
    labels = np.zeros(100, np.int64)
    right, wrong = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    clean = np.stack([right] * 90 + [wrong] * 10)
    corrupted = np.stack([wrong] * 5 + [right] * 85 + [wrong] * 10)
    lost = accuracy_lost(clean, corrupted, labels, resamples=1000, seed=0)
    assert lost.value == pytest.approx(0.05)
    assert 0 < lost.low < 0.05 < lost.high < 0.12
    same = accuracy_lost(clean, clean, labels, resamples=100, seed=0)
    assert (same.low, same.high) == (0, 0)


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"images": -1}, "at least 0.*got -1"),
        ({"kinds": ("nois",)}, "one of .*'blur'.*got 'nois'; did you mean 'noise'"),
        ({"kinds": ()}, "at least one of noise"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(options, allowed):
    with pytest.raises(ValueError, match=allowed):
        RobustnessPlan(**options)
