"""From a run to the Hub and back; the Hub is a server on this computer."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from huggingface_hub import ModelCard

from fer_core.cli import bundle, publish
from fer_core.hub.upload import UploadError
from fer_core.inference.predictor import Predictor
from fer_core.models.pretrained import ModelError, load_model, save_model
from fer_core.publishing.card_usage import WITHOUT_TIMM
from fer_core.publishing.model_info import find_subject
from fer_core.records.predictions import read_predictions, write_predictions
from fer_core.training.engine import train
from fer_core.training.holdout import EpochSelection
from fer_core.weights import shipped_models
from tests.hub_server import serve_own_hub

TOKEN = "hf_secret0123456789"
NAME = "me/faces"
FILES = {"README.md", "config.json", "model.safetensors", "predictions.csv", "confusion.png"}


@pytest.fixture
def server(monkeypatch, tmp_path):
    with serve_own_hub(monkeypatch, tmp_path / "cache", TOKEN) as running:
        yield running


@pytest.fixture
def call(call_command):
    """Runs the command; its outputs never contain the token."""

    def run(*arguments):
        code, output, errors = call_command(publish, *arguments)
        assert TOKEN not in f"{code}{output}{errors}"
        return code, output, errors

    return run


@pytest.fixture(scope="module")
def small_stem_run(tiny_config, tmp_path_factory):
    """A run whose network timm has not."""
    folder = tmp_path_factory.mktemp("small") / "run"
    config = replace(tiny_config, backbone="test_efficientnet", stem="small", epochs=1)
    train(config, folder, device="cpu", progress=False)
    return folder


@pytest.fixture(scope="module")
def chosen_run(tiny_config, tmp_path_factory):
    """A run that kept the weights of its first of three epochs."""
    real = EpochSelection.update

    def first_alone(self, epoch, found, holdout):
        return real(self, epoch, found, holdout) if epoch == 1 else False

    config = replace(tiny_config, holdout=0.2, epochs=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EpochSelection, "update", first_alone)
        folder = tmp_path_factory.mktemp("chosen") / "run"
        return train(config, folder, device="cpu", progress=False)


def normalised(trained, count=3):
    spec = trained.input
    return torch.randn(count, spec.channels, spec.size, spec.size)


@pytest.mark.slow
def test_a_published_run_comes_back_bit_for_bit_through_us_and_through_timm(
    server, call, tiny_run, tmp_path, portrait
):
    before = load_model(tiny_run.path / "model")
    images = normalised(before)
    written = tmp_path / "written"
    assert call(tiny_run.path, "--repo", NAME, "--dry-run", written)[0] == 0
    local = timm.create_model(f"local-dir:{written}", pretrained=True).eval()(images)

    code, output, _ = call(tiny_run.path, "--repo", NAME)
    assert code == 0
    assert f'timm.create_model("hf-hub:{NAME}", pretrained=True)' in output
    assert f"{server.address}/{NAME}" in output
    assert server.repositories[NAME].messages == ["Publish tiny"]

    predictor = Predictor(NAME)
    assert torch.equal(predictor.trained.model(images).logits, before.model(images).logits)
    assert torch.equal(predictor.trained.model(images).maps, before.model(images).maps)
    (one,), (other,) = predictor.predict(portrait), Predictor(before).predict(portrait)
    assert np.array_equal(one.probabilities, other.probabilities)

    network = timm.create_model(f"hf-hub:{NAME}", pretrained=True).eval()
    assert torch.equal(network(images), local)
    ours = before.model(images).logits
    assert torch.allclose(local, ours, atol=1e-4 * float(ours.abs().max()))
    assert network.pretrained_cfg["label_names"] == list(before.classes)
    assert network.pretrained_cfg["tag"] == "synthetic_eac"


@pytest.mark.slow
def test_a_predictor_publishes_its_model_with_the_card_of_its_run(server, tiny_run):
    predictor = Predictor(tiny_run.path)
    assert predictor.push_to_hub(NAME, message="First try") == f"{server.address}/{NAME}"
    assert server.repositories[NAME].messages == ["First try"]
    assert "## Recipe" in ModelCard.load(NAME).text
    again = Predictor.from_pretrained(NAME)
    images = normalised(again.trained)
    assert torch.equal(again.trained.model(images).logits, predictor.trained.model(images).logits)


@pytest.mark.slow
def test_a_model_without_a_folder_and_a_repository_without_a_user_are_not_published(tiny_run):
    loaded = load_model(tiny_run.path / "model")
    with pytest.raises(ModelError, match="save_model writes a folder"):
        Predictor(loaded).push_to_hub(NAME)
    with pytest.raises(UploadError, match="not a repository name"):
        Predictor(tiny_run.path).push_to_hub("faces")


@pytest.mark.slow
def test_the_folder_holds_five_files_and_no_pickle(call, tiny_run, tmp_path):
    call(tiny_run.path, "--repo", NAME, "--dry-run", tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES
    answers = read_predictions(tmp_path / "out")
    assert answers == read_predictions(tiny_run.path)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["run", "model"])
def test_the_figures_of_a_run_that_chose_an_epoch_are_those_of_its_weights(
    call, chosen_run, tmp_path, form
):
    assert chosen_run.result["chosen_epoch"] == 1
    out, place = tmp_path / "out", chosen_run.path
    named = (place,) if form == "run" else (place / "model", "--record", place)
    code, _, errors = call(*named, "--repo", NAME, "--dry-run", out)
    assert (code, errors) == (0, "")
    card = (out / "README.md").read_text(encoding="utf-8")
    suffix = "_tta" if chosen_run.config["tta_flip"] else ""
    accuracy = chosen_run.result[f"chosen_accuracy{suffix}"]
    assert f"| accuracy | {100 * accuracy:.2f}" in card
    assert "epoch 1, the best on the held-out part of train" in card
    if form == "run":
        assert read_predictions(out) == read_predictions(place)  # of the last epoch, and the chosen
        assert "calibration error" not in card  # their confidences are those of the last epoch


@pytest.mark.slow
def test_the_card_has_front_matter_results_and_every_section(server, call, tiny_run):
    call(tiny_run.path, "--repo", NAME)
    card = ModelCard.load(NAME)
    data, facts = card.data, find_subject(tiny_run.path, None, "").facts
    assert (data.license, data.library_name) == ("apache-2.0", "timm")
    assert data.pipeline_tag == "image-classification"
    assert "arxiv:2207.10299" in data.tags
    found = {result.metric_type: result for result in data.eval_results}
    assert found["accuracy"].metric_value == round(facts["accuracy"], 4)
    assert found["accuracy"].dataset_split == "test"
    assert set(found) == {"accuracy", "balanced_accuracy", "f1", "ece"}
    heads = re.findall(r"^## (.+)$", card.text, re.MULTILINE)
    expected = ["Use", "Data", "Results", "Recipe", "Limits", "Responsible use", "Licence"]
    assert heads == [*expected, "Citation"]
    changed = tiny_run.noise["noisy_label_count"]
    assert f"Label noise: symmetric, {changed} of the training labels" in card.text
    low, high = (f"{100 * end:.2f}" for end in facts["accuracy_interval"])
    assert f"| accuracy | {100 * facts['accuracy']:.2f} ({low} to {high}) |" in card.text
    assert "| `consistency_weight` | `5.0` |" in card.text
    assert "(confusion.png)" in card.text
    assert "@inproceedings{zhang2022eac," in card.text


@pytest.mark.slow
def test_the_code_for_timm_on_the_card_gives_our_answer(server, call, tiny_run, tmp_path, portrait):
    call(tiny_run.path, "--repo", NAME)
    code = next(
        block
        for block in re.findall(r"```python\n(.+?)```", ModelCard.load(NAME).text, re.DOTALL)
        if "timm.create_model" in block
    )
    face = portrait.resize((48, 48))
    face.save(tmp_path / "face.png")
    names = {}
    exec(code.replace("face.png", str(tmp_path / "face.png")), names)
    trained = load_model(tiny_run.path / "model")
    found = Predictor(trained, mirror=False).classify([face])
    assert np.allclose(names["probabilities"].detach().numpy(), found.probabilities[0], atol=1e-5)


@pytest.mark.slow
def test_a_model_that_timm_cannot_rebuild_says_so_and_loads_through_us(
    server, call, small_stem_run
):
    _, output, _ = call(small_stem_run, "--repo", NAME)
    assert output.startswith("timm alone cannot rebuild this model, which was tried")
    card = ModelCard.load(NAME)
    assert WITHOUT_TIMM in card.text
    assert card.data.library_name == "fer-core"
    before = load_model(small_stem_run / "model")
    images = normalised(before)
    after = Predictor(NAME).trained.model(images)
    assert torch.equal(after.logits, before.model(images).logits)
    with pytest.raises(RuntimeError, match="Missing key"):
        timm.create_model(f"hf-hub:{NAME}", pretrained=True)


@pytest.mark.slow
def test_a_better_model_becomes_the_next_version_and_takes_old_predictions_away(
    server, call, tiny_run, tmp_path
):
    call(tiny_run.path, "--repo", NAME)
    assert set(server.repositories[NAME].revisions["main"]) == FILES
    call(tiny_run.path, "--repo", NAME, "--no-predictions", "--message", "Without names")
    assert set(server.repositories[NAME].revisions["main"]) == FILES - {"predictions.csv"}
    assert server.repositories[NAME].messages[1] == "Without names"


@pytest.mark.slow
def test_an_interrupted_upload_is_one_sentence_and_a_second_try_completes(server, call, tiny_run):
    server.breaks = "/lfs/"
    code, _, _ = call(tiny_run.path, "--repo", NAME)
    assert code.startswith("error: ")
    assert "\n" not in code
    assert server.repositories[NAME].revisions["main"] == {}
    server.status = None
    assert call(tiny_run.path, "--repo", NAME)[0] == 0
    assert set(server.repositories[NAME].revisions["main"]) == FILES


@pytest.mark.parametrize("repository", ["other/faces", "nouser"])
@pytest.mark.slow
def test_a_refused_upload_is_one_sentence(server, call, tiny_run, repository):
    code, _, _ = call(tiny_run.path, "--repo", repository)
    assert re.match(r"error: (the access token may not write|'nouser' is not a repository)", code)
    assert "\n" not in code


@pytest.mark.slow
def test_a_saved_model_says_where_it_started_or_must_be_told(call, tmp_path):
    saved = shipped_models()["noisy30-eac"]  # made before models stated it
    arguments = (saved, "--repo", NAME, "--dry-run", tmp_path / "out")
    code, _, _ = call(*arguments)
    assert (
        "does not say what it started from: state the source of these weights with --origin" in code
    )
    assert not (tmp_path / "out").exists()
    assert call(*arguments, "--origin", "MobileNetV2 of ImageNet")[0] == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Starting weights: MobileNetV2 of ImageNet." in card
    assert "The record of its run is not available" in card
    before, after = load_model(saved), load_model(tmp_path / "out")
    images = normalised(before)
    assert torch.equal(before.model(images).logits, after.model(images).logits)


@pytest.mark.slow
def test_a_bundled_model_with_its_record_has_recipe_and_temperature_on_its_card(
    call_command, call, assessed_run, tmp_path
):
    call_command(bundle, assessed_run, "--out", tmp_path / "model")
    arguments = ("--record", assessed_run, "--repo", NAME, "--dry-run", tmp_path / "out")
    call(tmp_path / "model", *arguments)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| `learning_rate` | `0.002` |" in card
    assert "Starting weights: random weights, no other data" in card
    assert "The temperature (" in card
    assert ModelCard.load(tmp_path / "out" / "README.md").data.eval_results


def test_the_record_of_another_run_is_refused(call, small_stem_run, tiny_run, tmp_path):
    out = tmp_path / "out"
    code, _, _ = call(tiny_run.path / "model", "--record", small_stem_run, "--repo", NAME,
                      "--dry-run", out)  # fmt: skip
    assert "is not of the model at" in code
    assert "backbone is 'test_efficientnet' in the one and 'test_resnet' in the other" in code
    code, _, _ = call(tiny_run.path, "--record", tiny_run.path, "--repo", NAME, "--dry-run", out)
    assert "is a run record itself: omit --record" in code


def test_a_run_from_weights_needs_their_origin(call, tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    run = json.loads(file.read_text())
    file.write_text(json.dumps(run | {"config": run["config"] | {"pretrained": "a.pth"}}))
    code, _, _ = call(tmp_path / "run", "--repo", NAME, "--dry-run", tmp_path / "out")
    assert "the run started from a.pth: state the source of these weights with --origin" in code


@pytest.mark.slow
def test_an_origin_that_the_starting_weights_state_is_on_the_card(call, tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    run = json.loads(file.read_text())
    stated = {"source": "MobileNet by somebody", "licence": "MIT", "source_sha256": "a"}
    changed = {
        "config": run["config"] | {"pretrained": "a.safetensors"},
        "model": run["model"] | {"pretrained_origin": stated},
    }
    file.write_text(json.dumps(run | changed))
    out = tmp_path / "out"
    code, _, _ = call(tmp_path / "run", "--repo", NAME, "--dry-run", out)
    assert code == 0
    assert (
        "Starting weights: MobileNet by somebody (licence: MIT)" in (out / "README.md").read_text()
    )


@pytest.mark.slow
def test_a_model_without_predictions_has_neither_image_nor_made_up_figures(
    call, tiny_run, tmp_path
):
    trained = load_model(tiny_run.path / "model")
    names = {"backbone": "test_resnet", "stride": None, "classes": trained.classes}
    save_model(tmp_path / "model", trained.model, **names, spec=trained.input, facts={})
    out = tmp_path / "out"
    call(tmp_path / "model", "--origin", "nothing", "--repo", NAME, "--dry-run", out)
    assert {file.name for file in out.iterdir()} == FILES - {"predictions.csv", "confusion.png"}
    card = ModelCard.load(out / "README.md")
    assert card.data.eval_results is None
    assert "Its accuracy was not saved with it." in card.text


@pytest.mark.parametrize("status", ["running", "failed"])
def test_an_unfinished_run_is_refused(call, write_run, tmp_path, status):
    path = write_run(tmp_path, status=status)
    code, _, _ = call(path, "--repo", NAME, "--dry-run", tmp_path / "out")
    assert f"is {status}, not finished" in code


def test_images_named_by_their_place_here_are_not_published(call, tiny_run, tmp_path):
    shutil.copytree(tiny_run.path, tmp_path / "run")
    answers = read_predictions(tiny_run.path)
    write_predictions(tmp_path / "run", [a._replace(image=f"/home/x/{a.image}") for a in answers])
    code, _, _ = call(tmp_path / "run", "--repo", NAME, "--dry-run", tmp_path / "out")
    assert "name an image by its place on this computer" in code
    assert "--no-predictions" in code


def test_a_folder_that_is_not_empty_is_not_written_to(call, tiny_run, tmp_path):
    (tmp_path / "notes").write_text("mine")
    code, _, _ = call(tiny_run.path, "--repo", NAME, "--dry-run", tmp_path)
    assert "not an empty folder" in code
    assert [file.name for file in tmp_path.iterdir()] == ["notes"]
