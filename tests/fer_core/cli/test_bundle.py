import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_core.cli import bundle
from fer_core.evaluation.inference import evaluate
from fer_core.methods.class_weights import balanced_weights
from fer_core.metrics import classification as metrics
from fer_core.metrics.calibration import fit_temperature
from fer_core.models.pretrained import ModelError, load_model
from fer_core.records.predictions import read_predictions, write_predictions
from fer_core.records.run import read_run
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.bundled import bundled_table, classes_table
from fer_core.training.engine import train
from fer_core.training.setup import load_run_data, prepare


@pytest.fixture(scope="session")
def bundled(assessed_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundled")
    return out, bundle.bundle(read_run(assessed_run), out, "")


@pytest.fixture(scope="session")
def bundled_with_holdout(tiny_config, tmp_path_factory):
    """The configuration of a clean run with 70 held-out images, its bundled model and its facts."""
    folder = tmp_path_factory.mktemp("held_out")
    data = "synthetic?train=140&test=40"
    options = {"holdout": 0.5, "noise": "none", "noise_rate": 0.0, "epochs": 1}
    config = replace(tiny_config, data=data, **options)
    record = train(config, folder / "run", device="cpu", progress=False)
    return config, folder, bundle.bundle(record, folder / "bundled", "")


@pytest.mark.slow
def test_the_temperature_is_fitted_on_the_held_out_images_and_on_no_other(bundled_with_holdout):
    config, folder, facts = bundled_with_holdout
    holdout = prepare(config).holdout.split
    network = load_model(folder / "run" / "model").model
    logits = evaluate(network, holdout, mirror=True).logits
    assert facts["temperature"] == pytest.approx(fit_temperature(logits, holdout.true_labels))
    assert facts["temperature_holdout"] == len(holdout.true_labels) == 70
    assert "ece_cross_fitted" not in facts


@pytest.mark.slow
def test_the_card_says_which_images_the_temperature_was_fitted_on(bundled_with_holdout, bundled):
    held_out = (bundled_with_holdout[1] / "bundled" / "README.md").read_text()
    assert "70 training images that were held out" in held_out
    assert "epoch 1, the best on the held-out part of train" in held_out
    assert "temperature fitted on 70 held-out training images" in held_out
    assert "used to fit the temperature" not in held_out
    on_the_split = (bundled[0] / "README.md").read_text()
    assert "used to fit the temperature" in on_the_split
    assert "held-out" not in on_the_split


@pytest.mark.slow
def test_undone_class_weights_are_out_of_the_logits_and_change_no_map(tiny_config, tmp_path):
    options = {"method": "cross_entropy", "noise": "none", "noise_rate": 0.0, "epochs": 1}
    data = "synthetic?train=140&test=140"
    config = tiny_config.change(data=data, balance="loss", balance_beta=0.9, **options)
    record = train(config, tmp_path / "run", device="cpu", progress=False)
    facts = bundle.bundle(record, tmp_path / "undone", "", bundle.Changes(undo_weights=True))
    before = load_model(tmp_path / "run" / "model").model
    after = load_model(tmp_path / "undone").model
    labels = load_run_data(config).train.true_labels
    counts = torch.bincount(torch.from_numpy(labels), minlength=before.classifier.out_features)
    images = torch.randn(4, 3, 48, 48)
    with torch.no_grad():
        one, other = before(images), after(images)
    wanted = (one.logits - balanced_weights(counts, 0.9).log()) / facts["temperature"]
    assert torch.allclose(other.logits, wanted, atol=0.02)
    assert torch.allclose(one.maps / facts["temperature"], other.maps, atol=0.02)
    assert "logarithms of these weights are" in (tmp_path / "undone" / "README.md").read_text()


@pytest.mark.slow
def test_the_weights_of_two_runs_are_averaged(tiny_config, tmp_path):
    config = replace(tiny_config, data="synthetic?train=70&test=140", epochs=1)
    runs = [
        train(replace(config, seed=seed), tmp_path / f"run{seed}", device="cpu", progress=False)
        for seed in (0, 1)
    ]
    changes = bundle.Changes(average_with=runs[1].path)
    facts = bundle.bundle(runs[0], tmp_path / "mean", "", changes)
    first, second, mean = (
        load_model(folder).model.state_dict()
        for folder in (*(run.path / "model" for run in runs), tmp_path / "mean")
    )
    for name, value in mean.items():
        if value.is_floating_point() and not name.startswith("classifier"):  # has the temperature
            assert torch.allclose(value, (first[name] + second[name]) / 2, rtol=1e-2, atol=1e-3)
    assert facts["averaged_with"] == "run1"
    assert "of this run and of run1" in (tmp_path / "mean" / "README.md").read_text()


@pytest.mark.slow
def test_a_run_of_another_network_is_not_averaged(tiny_config, assessed_run, tmp_path):
    other = replace(tiny_config, data="synthetic?train=28&test=14", batch_size=14, epochs=1)
    wider = replace(other, image_size=64)
    run = train(wider, tmp_path / "run", device="cpu", progress=False)
    with pytest.raises(ModelError, match="64 pixels"):
        bundle.bundle(
            read_run(assessed_run), tmp_path / "mean", "", bundle.Changes(average_with=run.path)
        )


@pytest.mark.parametrize("name", ["README.md", "config.json", "predictions.csv"])
def test_files_of_ones_own_stay(call_command, assessed_run, tmp_path, name):
    (tmp_path / name).write_text("mine")
    code, _, _ = call_command(bundle, assessed_run, "--out", tmp_path)
    assert f"holds no model, but {name}" in str(code)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_a_run_without_class_weights_has_none_to_undo(call_command, assessed_run, tmp_path):
    code, _, _ = call_command(bundle, assessed_run, "--out", tmp_path / "out", "--undo-weights")
    assert "the run has balance 'none'" in code
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.slow
def test_held_out_images_with_noisy_labels_fit_no_temperature(tiny_config, tmp_path):
    config = replace(tiny_config, data="synthetic?train=140&test=140", holdout=0.5, epochs=1)
    record = train(config, tmp_path / "run", device="cpu", progress=False)
    facts = bundle.bundle(record, tmp_path / "bundled", "")
    assert facts["noise"] == "symmetric"
    assert "temperature_holdout" not in facts
    assert "ece_cross_fitted" in facts


@pytest.mark.slow
def test_the_stored_model_gives_the_figures_that_its_config_says(bundled):
    out, facts = bundled
    answers = read_predictions(out)
    assert load_model(out).facts == json.loads(json.dumps(facts))
    assert len(answers) == facts["eval_images"] == 140
    right = np.mean([answer.true_label == answer.predicted for answer in answers])
    assert facts["accuracy"] == pytest.approx(right)
    low, high = facts["accuracy_interval"]
    assert low < right < high
    assert set(facts["classes"]) == set(load_model(out).classes)
    hits = np.array([answer.true_label == answer.predicted for answer in answers])
    confidences = np.array([answer.confidence for answer in answers])
    assert facts["ece"] == pytest.approx(
        metrics.expected_calibration_error(confidences, hits), abs=5e-3
    )


@pytest.mark.slow
def test_the_temperature_is_in_the_weights_and_changes_no_answer(assessed_run, bundled):
    out, facts = bundled
    before, after = load_model(assessed_run / "model").model, load_model(out).model
    images = torch.randn(4, 3, 48, 48)
    with torch.no_grad():
        one, other = before(images), after(images)
    assert torch.allclose(one.logits / facts["temperature"], other.logits, atol=0.02)
    assert torch.equal(one.logits.argmax(1), other.logits.argmax(1))
    assert torch.allclose(other.maps.mean((2, 3)) + after.classifier.bias, other.logits, atol=1e-4)


@pytest.mark.slow
def test_the_command_writes_weights_and_a_card_with_the_same_figures(
    call_command, assessed_run, tmp_path
):
    code, output, _ = call_command(bundle, assessed_run, "--out", tmp_path)
    assert code == 0
    facts = load_model(tmp_path).facts
    card = (tmp_path / "README.md").read_text()
    assert f"{100 * facts['accuracy']:.2f} %" in output
    assert bundled_table(tmp_path) in card
    assert classes_table(tmp_path) in card
    assert "Starting weights: random weights, no other data" in card
    assert re.search(r"code at commit\n\w+", card)


@pytest.mark.slow
def test_a_run_from_weights_needs_a_sentence_on_where_they_come_from(
    call_command, assessed_run, tmp_path
):
    text = (assessed_run / "run.json").read_text()
    other = tmp_path / "run"
    other.mkdir()
    (other / "run.json").write_text(text.replace('"pretrained": "none"', '"pretrained": "a.pth"'))
    code, _, _ = call_command(bundle, other, "--out", tmp_path / "out")
    assert "of these weights with --origin" in code
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_figures_that_are_not_those_of_the_predictions_are_refused(bundled):
    out, _ = bundled
    answers = read_predictions(out)
    try:
        write_predictions(out, [a._replace(predicted=a.true_label) for a in answers])
        with pytest.raises(ReportError, match="accuracy of the model at"):
            bundled_table(out)
        (out / "predictions.csv").unlink()
        with pytest.raises(ReportError, match="no predictions"):
            bundled_table(out)
    finally:
        write_predictions(out, answers)


@pytest.mark.slow
def test_an_error_leaves_what_stood_there_before(call_command, assessed_run, monkeypatch, tmp_path):
    (tmp_path / "model.safetensors").write_text("before")
    monkeypatch.setattr(bundle, "LARGEST", 100)
    code, _, _ = call_command(bundle, assessed_run, "--out", tmp_path)
    assert "at most 100 may be bundled" in code
    assert (tmp_path / "model.safetensors").read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
    assert not list(tmp_path.parent.glob(".bundle-*"))


def test_an_unfinished_run_is_refused(call_command, write_run, tmp_path):
    code, _, _ = call_command(
        bundle, write_run(tmp_path, status="running"), "--out", tmp_path / "o"
    )
    assert "is running, not finished" in code
