"""``fer-core evaluate --robustness``, and the figure of its JSON files."""

import io
import json
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.cli import evaluate as module
from fer_core.cli import figures
from fer_core.config.input_spec import InputSpec
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import save_model
from fer_core.reporting.figure_drawing import render
from fer_core.reporting.robustness_data import read_robustness
from fer_core.reporting.robustness_figure import STYLES, draw_robustness
from fer_core.transforms.corruption import CORRUPTIONS

pytestmark = pytest.mark.slow

DATA = "synthetic?train=14&test=70&seed=5"
LANDMARKS = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))
CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
SOME = ("--robustness-kinds", "noise", "eyes hidden")


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of fer-core evaluate on 20 images, on the CPU."""
    return partial(
        *(call_command, module, "--device", "cpu", "--bootstrap", "100", "--data", DATA),
        *("--no-duplicates", "--robustness", "--robustness-images", "20"),
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two untrained grey models of 48 pixels, for training images of 32."""
    folders = []
    for name in ("one", "other"):
        torch.manual_seed(len(folders))
        model = AttentionModel("test_resnet", 7, image_size=48, channels=1)
        spec = InputSpec(48, 1, model.mean, model.std, 32, True, LANDMARKS)
        folder = tmp_path_factory.mktemp("models") / name
        about = {"backbone": "test_resnet", "stride": None, "classes": CLASSES}
        save_model(folder, model, **about, spec=spec, facts={})
        folders.append(folder)
    return folders


@pytest.fixture
def file(command, models, tmp_path):
    """The figures of both models under two corruptions."""
    written = tmp_path / "robust.json"
    code, *_ = command(models[0], "--against", models[1], *SOME, "--json", written)
    assert code == 0
    return written


def read(file):
    return json.loads(file.read_text(), parse_constant=pytest.fail)


def drawn(axes, colour, style):
    """The values of a panel's line."""
    lines = {(line.get_color(), line.get_linestyle()): line for line in axes.lines}
    return np.asarray(lines[colour, style].get_ydata())


def test_the_file_holds_every_figure_of_both_models(file):
    values = read(file)
    assert values["options"]["robustness"] == {"images": 20, "kinds": ["noise", "eyes hidden"]}
    for key in ("model", "against"):
        found = values[key]["robustness"]
        counts = (found["images"], found["available"], found["seed"], found["side"])
        assert counts == (20, 70, 0, 32)
        for kind, of in found["kinds"].items():
            assert of["strength"] == CORRUPTIONS[kind].strength
            assert [level["strength"] for level in of["levels"]] == [*CORRUPTIONS[kind].levels]
            for level in of["levels"]:
                figures = level["figures"]
                lost = found["clean"]["accuracy"]["value"] - figures["accuracy"]["value"]
                assert level["lost"]["value"] == pytest.approx(lost)
                assert {"mean_class_accuracy", "confidence", "ece"} < set(figures)
                assert figures["commonest"] in CLASSES


def test_the_table_shows_both_models_beside_each_other(command, models):
    code, output, errors = command(models[0], "--against", models[1], *SOME)
    lines = [line.split() for line in output.splitlines()]
    assert code == 0
    assert "20 of 70 images, drawn at random by seed 0, corrupted at 32 x 32 pixels" in output
    start = next(row for row, words in enumerate(lines) if words[:1] == ["noise"])
    assert [word for word in lines[start] if word.startswith("(")] == [
        f"({level:g})" for level in CORRUPTIONS["noise"].levels
    ]
    assert (lines[start][1], lines[start + 1][0]) == ("one", "other")
    assert "eyes hidden: share of the eyes' rows" in " ".join(output.split())
    assert max(map(len, output.splitlines())) <= 100
    assert "corrupted images" in errors  # the progress bar


def test_the_same_command_gives_the_same_file(command, models, tmp_path):
    for name in ("a.json", "b.json"):
        command(models[0], *SOME, "--json", tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_without_robustness_nothing_is_corrupted(call_command, models):
    options = ("--device", "cpu", "--data", DATA, "--no-duplicates", "--json", "-")
    code, output, errors = call_command(module, models[0], *options)
    assert code == 0
    assert json.loads(output)["model"]["robustness"] is None
    assert "corrupted images" not in errors


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--robustness", "--robustness-kinds", "nois"), ("'nois'", "'noise'", "'half hidden'")),
        (("--robustness", "--robustness-images", "-1"), ("at least 0", "-1")),
        (("--robustness-images", "50"), ("--robustness",)),
        (("--robustness-kinds", "noise"), ("--robustness",)),
    ],
)
def test_what_cannot_be_corrupted_is_refused_before_anything_is_read(call_command, options, named):
    code, output, _ = call_command(module, "no/model", "--data", "no:data", *options)
    assert code.startswith("error: ")
    assert all(word in code for word in named), code
    assert output == ""


def test_the_figure_has_a_panel_a_kind_and_a_line_a_model(file):
    (comparison,) = read_robustness([file])
    figure = draw_robustness(comparison)
    values = read(file)
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in panels] == ["Noise", "Eyes hidden"]
    for axes, kind in zip(panels, values["model"]["robustness"]["kinds"], strict=True):
        ticks = [text.get_text() for text in axes.get_xticklabels()]
        assert ticks == [f"{level:g}" for level in CORRUPTIONS[kind].levels]
        for key, (colour, _) in zip(("model", "against"), STYLES, strict=False):
            found = values[key]["robustness"]
            levels = found["kinds"][kind]["levels"]
            shares = [100 * level["figures"]["accuracy"]["value"] for level in levels]
            np.testing.assert_allclose(drawn(axes, colour, "-"), shares)
            clean = 100 * found["clean"]["accuracy"]["value"]
            np.testing.assert_allclose(drawn(axes, colour, "--"), [clean, clean])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [label.split(",")[0] for label in labels] == ["one", "other"]


def test_files_of_the_same_images_become_one_figure(command, call_command, models, tmp_path):
    for number, (folder, seed) in enumerate(((models[0], 0), (models[1], 0), (models[1], 1))):
        command(folder, *SOME, "--seed", seed, "--json", tmp_path / f"{number}.json")
    out = tmp_path / "figures"
    files = [tmp_path / f"{number}.json" for number in range(3)]
    code, output, _ = call_command(figures, *files, files[0], "--out", out, "--format", "svg")
    stems = ["robustness-synthetic-test-one-other", "robustness-synthetic-test-other"]
    assert code == 0
    assert output.splitlines() == [
        str(out / f"{s}.{kind}") for s in stems for kind in ("png", "svg")
    ]
    assert [len(one.models) for one in read_robustness([*files, files[0]])] == [2, 1]


def test_the_figure_is_a_small_image_and_the_same_bytes_again(file):
    (comparison,) = read_robustness([file])
    content = render(draw_robustness(comparison), "png")
    assert Image.open(io.BytesIO(content)).width <= 902
    assert content == render(draw_robustness(comparison), "png")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"model": {"robustness": null}, "against": null, "data": {}}', "{}"]
)
def test_a_file_without_figures_under_corruption_is_refused(call_command, tmp_path, text):
    (tmp_path / "e.json").write_text(text)
    code, *_ = call_command(figures, tmp_path / "e.json", "--out", tmp_path / "out")
    assert code.startswith("error: records: ")
    assert "e.json" in code
    assert not (tmp_path / "out").exists()


def test_more_models_than_can_be_told_apart_are_refused(file):
    (comparison,) = read_robustness([file])
    many = comparison._replace(models=comparison.models * 4)
    with pytest.raises(ValueError, match=r"at most 6 models, got 8"):
        draw_robustness(many)
