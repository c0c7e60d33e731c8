import numpy as np
import pytest
import torch

from fer_core.config.input_spec import InputSpec
from fer_core.datasets import Split
from fer_core.evaluation import inference as evaluation
from fer_core.evaluation import run_figures
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import TrainedModel
from fer_core.taxonomy import taxonomy_of


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return AttentionModel("test_resnet", 7, image_size=64)


@pytest.fixture(scope="module")
def split():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (300, 64, 64, 3), dtype=np.uint8)  # more than one batch
    names = tuple(f"{index}.png" for index in range(300))
    return Split("test", images, generator.integers(0, 7, 300), names)


def test_figures_are_those_of_the_logits_of_every_image_alone(model, split):
    result = evaluation.evaluate(model.train(), split)
    assert not model.training
    mean, std = model.statistics()
    for index in (0, 255, 256, 299):
        pixels = torch.from_numpy(split.images[index]).permute(2, 0, 1) / 255
        with torch.no_grad():
            probabilities = model(((pixels - mean) / std)[None]).logits.softmax(1)[0]
        assert result.predicted[index] == probabilities.argmax()
        assert result.confidences[index] == pytest.approx(probabilities.max().item(), abs=1e-5)
    assert result.confusion.sum() == 300
    assert result.confusion.sum(1).tolist() == np.bincount(split.true_labels, minlength=7).tolist()
    assert np.trace(result.confusion) == (result.predicted == split.true_labels).sum()


@pytest.mark.slow
def test_the_loss_is_the_mean_cross_entropy(model, split):
    result = evaluation.evaluate(model, split)
    right = result.predicted == split.true_labels
    # -log p of the images predicted correctly is known from their confidence.
    alone = Split("test", split.images[right], split.true_labels[right], ())
    expected = -np.log(result.confidences[right]).mean()
    assert evaluation.evaluate(model, alone).loss == pytest.approx(expected, rel=1e-4)


def test_the_reported_figure_is_the_mean_of_the_last_five_epochs_not_the_best():
    confusion = np.array([[3, 1], [2, 4]])
    made = evaluation.Evaluation(0.5, confusion, np.zeros(10, int), np.zeros(10), np.zeros((10, 2)))
    epochs = [
        {"eval_accuracy": a, "eval_mean_class_accuracy": a / 2, "train_seconds": 2.0,
         "eval_seconds": 0.5}
        for a in (0.1, 0.9, 0.2, 0.3, 0.4, 0.5, 0.7)
    ]  # fmt: skip
    split = Split("test", np.empty((10, 1, 1, 1)), np.zeros(10, int), ("",) * 10)
    result = run_figures.final_result(epochs, made, split)
    assert result["accuracy_last5"] == pytest.approx((0.2 + 0.3 + 0.4 + 0.5 + 0.7) / 5)
    assert result["mean_class_accuracy_last5"] == pytest.approx(0.42 / 2)
    assert (result["best_accuracy"], result["best_epoch"]) == (0.9, 2)
    assert result["final_accuracy"] == 0.7
    assert result["final_mean_class_accuracy"] == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert result["final_macro_f1"] == pytest.approx((6 / 9 + 8 / 11) / 2)
    assert result["confusion"] == [[3, 1], [2, 4]]
    assert result["seconds"] == pytest.approx(17.5)


def test_predictions_are_one_row_an_image_in_order(model, split):
    rows = list(run_figures.recorded_predictions(split, evaluation.evaluate(model, split)))
    assert [row.image for row in rows] == list(split.names)
    assert [row.true_label for row in rows] == split.true_labels.tolist()
    assert all(1 / 7 <= row.confidence <= 1 for row in rows)


def test_every_group_of_a_slice_has_its_images_and_its_accuracy():
    labels = np.array([0, 1, 1, 2])
    slices = {"age": ("0-3", "70+", "70+", "70+"), "gender": ("male",) * 4}
    split = Split("test", np.empty((4, 1, 1, 1)), labels, ("",) * 4, slices=slices)
    assert run_figures.slice_accuracies(split, np.array([0, 1, 0, 2])) == {
        "age": {
            "0-3": {"images": 1, "accuracy": 1.0},
            "70+": {"images": 3, "accuracy": pytest.approx(2 / 3)},
        },
        "gender": {"male": {"images": 4, "accuracy": 0.75}},
    }


def test_without_slices_there_are_no_groups():
    split = Split("test", np.empty((1, 1, 1, 1)), np.array([0]), ("",))
    assert run_figures.slice_accuracies(split, np.array([0])) == {}


def trained(model):
    spec = InputSpec(64, 3, model.mean, model.std, 64, False, ())
    return TrainedModel(model, taxonomy_of("abcdefg"), spec, {})


@pytest.mark.slow
def test_a_loaded_model_is_evaluated_as_its_network(model, split):
    one, other = evaluation.evaluate(model, split), evaluation.evaluate(trained(model), split)
    assert np.array_equal(one.logits, other.logits)


@pytest.mark.parametrize("wrong", ["bundled", None, torch.nn.Linear(3, 7)])
def test_what_is_no_model_is_told_what_evaluate_takes(split, wrong):
    with pytest.raises(TypeError, match=r"AttentionModel or what load_model gives.*its trained"):
        evaluation.evaluate(wrong, split)


def test_a_whole_data_set_or_its_name_is_told_to_be_a_split(model):
    with pytest.raises(TypeError, match=r"one split, such as load_data\(\.\.\.\)\.eval, got str"):
        evaluation.evaluate(model, "ferplus:PATH")


def test_a_split_that_does_not_fit_the_model_is_refused(model, split):
    grey = split._replace(images=split.images[..., :1])
    for one in (model, trained(model)):
        with pytest.raises(evaluation.EvaluationError, match=r"load it with Decoding\(64, 3\)"):
            evaluation.evaluate(one, grey)
    small = split._replace(images=split.images[:, ::2, ::2])
    with pytest.raises(evaluation.EvaluationError, match=r"is decoded to \(32, 32, 3\)"):
        evaluation.evaluate(trained(model), small)
    with pytest.raises(evaluation.EvaluationError, match="7 classes, test has the label 9"):
        evaluation.evaluate(model, split._replace(true_labels=np.full(300, 9)))
