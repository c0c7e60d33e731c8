import csv

import numpy as np
import pytest
import torch

from fer_core.audit.folder import AuditError
from fer_core.audit.outputs import model_outputs, read_outputs
from fer_core.evaluation.inference import evaluate
from fer_core.models.pretrained import load_model
from fer_core.training.setup import load_run_data

NAMES, CLASSES = ("a", "b"), ("calm", "glad")
CHANCES = np.array([[0.75, 0.25], [0.5, 0.5]])


def test_the_outputs_are_those_of_evaluation_on_both_views(tiny_run, tiny_config):
    split = load_run_data(tiny_config).train
    model = load_model(tiny_run.path / "model").model
    outputs = model_outputs(model.train(), split)
    expected = torch.from_numpy(evaluate(model, split).logits).softmax(1).numpy()
    assert outputs.probabilities == pytest.approx(expected, abs=1e-5)
    turned = split._replace(images=split.images[np.arange(len(split.names))][:, :, ::-1].copy())
    expected = torch.from_numpy(evaluate(model, turned).logits).softmax(1).numpy()
    assert outputs.flipped == pytest.approx(expected, abs=1e-5)
    assert outputs.features.shape == (70, model.classifier.in_features)
    mean = (outputs.probabilities + outputs.flipped) / 2
    assert outputs.averaged == pytest.approx(mean)


def write_table(file, rows, header=("image", "probability_glad", "probability_calm")):
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def test_a_table_is_matched_by_names_and_classes(tmp_path):
    file = tmp_path / "p.csv"
    write_table(file, [("c", 1, 0), ("b", 0.5, 0.5), ("a", 0.25, 0.75)])
    outputs = read_outputs(file, NAMES, CLASSES)
    assert outputs.probabilities == pytest.approx(CHANCES)
    assert (outputs.flipped, outputs.features, outputs.out_of_fold) == (None, None, None)
    assert (outputs.averaged == outputs.probabilities).all()


def test_an_archive_may_have_every_kind_of_output(tmp_path):
    file, features = tmp_path / "p.npz", np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    arrays = {"probabilities": CHANCES, "flipped": CHANCES[::-1], "out_of_fold": CHANCES}
    np.savez(file, names=["b", "a"], classes=CLASSES, features=features, **arrays)
    outputs = read_outputs(file, NAMES, CLASSES)
    assert outputs.probabilities == pytest.approx(CHANCES[::-1])
    assert outputs.flipped == pytest.approx(CHANCES)
    assert outputs.features.tolist() == features[::-1].tolist()
    assert outputs.out_of_fold == pytest.approx(CHANCES[::-1])


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([("a", 0.5, 0.5)], None, "no row for 1 of 2 training images, first 'b'"),
        ([("a", 0.5, 0.5)] * 2 + [("b", 0.5, 0.5)], None, "twice"),
        ([("a", 3.0, -1.0), ("b", 0.5, 0.5)], None, "softmax"),
        ([("a", "x", 0.5), ("b", 0.5, 0.5)], None, "not a table of predictions"),
        ([("a", 1.0)], ("image", "probability_sad"), "no row"),
        ([("a", 1.0), ("b", 1.0)], ("image", "probability_sad"), "sad.*calm, glad"),
        ([("a", 1.0)], ("image", "score"), "probability_CLASS"),
    ],
)
def test_a_broken_table_is_refused_with_what_is_wrong(tmp_path, rows, header, message):
    file = tmp_path / "p.csv"
    write_table(file, rows, *([header] if header else []))
    with pytest.raises(AuditError, match=message):
        read_outputs(file, NAMES, CLASSES)


def test_a_broken_archive_is_refused(tmp_path):
    file = tmp_path / "p.npz"
    with pytest.raises(AuditError, match="no file"):
        read_outputs(file, NAMES, CLASSES)
    file.write_bytes(b"no archive")
    with pytest.raises(AuditError, match="not a readable NPZ"):
        read_outputs(file, NAMES, CLASSES)
    np.savez(file, names=NAMES, classes=CLASSES)
    with pytest.raises(AuditError, match="probabilities"):
        read_outputs(file, NAMES, CLASSES)
    np.savez(file, names=NAMES, classes=CLASSES, probabilities=CHANCES, features=np.ones(2))
    with pytest.raises(AuditError, match="features must have a row"):
        read_outputs(file, NAMES, CLASSES)


def test_an_archive_that_was_cut_or_changed_on_the_disk_is_damaged(tmp_path):
    file, names = tmp_path / "p.npz", [f"{number}.png" for number in range(500)]
    chances = np.random.default_rng(0).dirichlet((1, 1), 500)
    np.savez_compressed(file, names=names, classes=CLASSES, probabilities=chances)
    content = file.read_bytes()
    for place in (60, len(content) // 2):
        changed = bytes(byte ^ 255 for byte in content[place:][:9])
        file.write_bytes(content[:place] + changed + content[place + 9 :])
        with pytest.raises(AuditError, match="damaged"):
            read_outputs(file, names, CLASSES)
    file.write_bytes(b"")
    with pytest.raises(AuditError, match="damaged"):
        read_outputs(file, names, CLASSES)
