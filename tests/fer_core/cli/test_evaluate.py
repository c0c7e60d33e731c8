import csv
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fer_core.cli import evaluate as module
from fer_core.config.input_spec import InputSpec
from fer_core.datasets import Decoding, load_data
from fer_core.evaluation.inference import evaluate
from fer_core.metrics.classification import accuracy
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import load_model, save_model

DATA = "synthetic?train=14&test=140&seed=5"
LANDMARKS = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of train.evaluate, on the CPU."""
    return partial(call_command, module, "--device", "cpu")


@pytest.fixture(scope="session")
def other_model(tmp_path_factory):
    """An untrained grey model of 48 pixels that knows contempt, but neither fear nor anger."""
    torch.manual_seed(3)
    classes = ("contempt", "surprise", "neutral", "happiness", "sadness", "disgust")
    model = AttentionModel("test_resnet", 6, image_size=48, channels=1)
    spec = InputSpec(48, 1, model.mean, model.std, 48, True, LANDMARKS)
    folder = tmp_path_factory.mktemp("models") / "other"
    save_model(
        folder, model, backbone="test_resnet", stride=None, classes=classes, spec=spec, facts={}
    )
    return folder


@pytest.fixture
def faces(tmp_path):
    """120 images of noise in two folders of classes, without splits."""
    generator = np.random.default_rng(0)
    for number in range(120):
        file = tmp_path / "my faces" / ("happy", "Angry")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (40, 40), dtype=np.uint8)).save(file)
    return tmp_path / "my faces"


def read(file):
    return json.loads(file.read_text(), parse_constant=pytest.fail)


def words(text):
    return [line.split() for line in text.splitlines()]


@pytest.mark.slow
def test_the_figures_are_those_of_the_model_on_the_split(command, tiny_run, tmp_path):
    code, output, _ = command(tiny_run.path, "--data", DATA, "--json", tmp_path / "e.json")
    trained, split = load_model(tiny_run.path / "model"), load_data(DATA, Decoding(48, 3)).eval
    averaged = evaluate(trained.model, split, mirror=True)
    values = read(tmp_path / "e.json")
    figures = values["model"]["figures"]
    assert code == 0
    assert figures["images"] == 140
    assert figures["confusion"] == averaged.confusion.tolist()
    assert figures["nll"] == pytest.approx(averaged.loss, abs=1e-5)
    assert values["data"]["split"] == "test"
    assert values["model"]["name"] == "tiny"
    assert values["model"]["training"]["noise_rate"] == 0.3
    assert "tiny on synthetic test: 140 images, 7 classes, with flip TTA" in output
    share = 100 * accuracy(averaged.confusion)
    assert ["accuracy,", "%", f"{share:.2f}"] == words(output)[3][:3]
    assert "of either half fitted on the other" in output


@pytest.mark.slow
@pytest.mark.parametrize("flip", ["--tta-flip", "--no-tta-flip"])
def test_onnx_runtime_gives_the_figures_of_pytorch(command, tiny_run, tmp_path, monkeypatch, flip):
    asked = []
    made = module.make_backend
    monkeypatch.setattr(
        module, "make_backend", lambda *names, **how: asked.append(names[1]) or made(*names, **how)
    )
    found = {}
    for backend in ("torch", "onnx", "auto"):
        file = tmp_path / f"{backend}.csv"
        words = ("--data", DATA, flip, "--backend", backend, "--predictions", file)
        assert command(tiny_run.path, *words)[0] == 0
        found[backend] = np.genfromtxt(file, delimiter=",", skip_header=1)[:, -7:]
    assert asked == ["onnx"]  # auto: these are too few images
    assert np.array_equal(found["auto"], found["torch"])
    assert found["onnx"] == pytest.approx(found["torch"], abs=1e-4)
    monkeypatch.setattr(module, "MANY_IMAGES", 100)
    command(tiny_run.path, "--data", DATA, flip)
    assert asked == ["onnx", "onnx"]


@pytest.mark.slow
def test_a_single_pass_gives_the_accuracy_of_the_run_record(command, tiny_run, tmp_path):
    data = tiny_run.config["data"]
    command(tiny_run.path, "--data", data, "--no-tta-flip", "--json", tmp_path / "e.json")
    figures = read(tmp_path / "e.json")["model"]["figures"]
    assert figures["accuracy"]["value"] == tiny_run.result["final_accuracy"]
    assert figures["confusion"] == tiny_run.result["confusion"]
    assert figures["calibration"] is None


@pytest.mark.slow
def test_the_same_command_writes_the_same_file_byte_by_byte(command, tiny_run, tmp_path):
    arguments = (tiny_run.path, "--data", DATA, "--against", tiny_run.path, "--seed", 4)
    for name in ("one.json", "two.json"):
        assert command(*arguments, "--json", tmp_path / name)[0] == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.slow
def test_run_model_folder_and_the_bundled_model_are_understood(command, tiny_run, tmp_path):
    outputs = [
        command(folder, "--data", DATA, "--json", "-")
        for folder in (tiny_run.path, tiny_run.path / "model")
    ]
    assert outputs[0][1] == outputs[1][1]
    assert json.loads(outputs[0][1])["model"]["name"] == "tiny"
    code, output, _ = command("bundled", "--data", DATA, "--json", "-")
    values = json.loads(output)
    assert (code, values["model"]["name"]) == (0, "bundled")
    assert command("bundled", "--data", DATA, "--json", "-")[1] == output
    assert values["model"]["absent_classes"] == ["contempt"]
    assert values["model"]["input"] == {"size": 64, "channels": 1, "grey": True}


@pytest.mark.slow
def test_no_folder_of_this_machine_stands_in_the_json(command, tiny_run, faces, tmp_path):
    arguments = ["--data", f"folder:{faces}", "--calibrate-on", DATA, "--json", tmp_path / "e.json"]
    (tmp_path / "none.txt").write_text("")
    former = "--leave-out"  # of --exclude
    code, *_ = command(tiny_run.path, *arguments, former, tmp_path / "none.txt")
    text = (tmp_path / "e.json").read_text()
    assert code == 0
    assert str(tmp_path) not in text
    assert str(tiny_run.path.parent) not in text
    options = json.loads(text)["options"]
    assert options["data"] == "folder:my faces"
    assert (options["calibrate_on"], options["calibrate_split"]) == (DATA, "eval")
    assert options["exclude"] == "none.txt"


@pytest.mark.slow
def test_two_models_of_other_classes_and_input_are_compared_where_both_know_the_class(
    command, tiny_run, other_model, tmp_path
):
    code, output, _ = command(
        *(tiny_run.path, "--data", DATA, "--against", other_model, "--json", tmp_path / "e.json")
    )
    values = read(tmp_path / "e.json")
    first, second, both = values["model"], values["against"], values["comparison"]
    assert code == 0
    assert second["unknown_classes"] == {"anger": 20, "fear": 20}
    assert (first["figures"]["images"], second["figures"]["images"], both["images"]) == (
        *(140, 100, 100),
    )
    assert both["accuracies"][1] == second["figures"]["accuracy"]["value"]
    assert both["difference"]["value"] == pytest.approx(
        both["accuracies"][0] - both["accuracies"][1]
    )
    assert "excluded: 20 images of anger, which the model does not know" in output
    assert "the data set has no contempt: such predictions count as wrong" in output
    assert "both on 100 images" in output
    assert "McNemar's test" in output


@pytest.mark.slow
def test_a_model_against_itself_has_difference_0(command, tiny_run):
    arguments = (tiny_run.path, "--data", DATA, "--against", tiny_run.path, "--json", "-")
    both = json.loads(command(*arguments)[1])["comparison"]
    assert both["difference"] == {"value": 0, "interval": [0, 0]}
    assert both["mcnemar"]["p_value"] == 1
    single = json.loads(command(*arguments, "--against-mirror", "False")[1])
    assert single["against"]["mirror"] is False
    assert single["against"]["figures"]["nll"] != single["model"]["figures"]["nll"]


@pytest.mark.slow
def test_shared_classes_leaves_no_answer_that_the_data_lack(command, faces, tmp_path):
    arguments = ("bundled", "--data", f"folder:{faces}", "--json", tmp_path / "e.json")
    command(*arguments)
    free = read(tmp_path / "e.json")["model"]
    _, output, _ = command(*arguments, "--shared-classes")
    shared = read(tmp_path / "e.json")["model"]
    assert (len(free["answers"]), shared["answers"]) == (8, ["happiness", "anger"])
    assert shared["figures"]["accuracy"]["value"] >= free["figures"]["accuracy"]["value"]
    assert np.array(shared["figures"]["confusion"]).shape == (2, 2)
    assert "bundled on my faces: 120 images, 2 classes" in output


@pytest.mark.slow
def test_the_temperature_may_come_from_another_split(command, tiny_run, tmp_path):
    arguments = [tiny_run.path, "--data", "synthetic?train=70&test=56", "--json", "-"]
    values = json.loads(command(*arguments, "--calibrate-on", DATA)[1])
    calibration = values["model"]["figures"]["calibration"]
    assert (calibration["fitted_on"], calibration["images"]) == ("other images", 140)
    assert len(calibration["temperatures"]) == 1
    own = [*arguments, "--calibrate-on", arguments[2], "--calibrate-split", "train"]
    assert json.loads(command(*own)[1])["model"]["figures"]["calibration"]["images"] == 70


@pytest.mark.slow
def test_test_images_that_also_stand_in_train_are_left_out_of_a_figure(
    command, tiny_run, faces, tmp_path
):
    for split, numbers in (("train", range(60)), ("test", range(40, 120))):
        for number in numbers:
            place = Path("happy" if number % 2 == 0 else "Angry") / f"{number}.png"
            target = tmp_path / "set" / split / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((faces / place).read_bytes())
    arguments = (tiny_run.path, "--data", f"folder:{tmp_path / 'set'}")
    _, output, _ = command(*arguments, "--json", tmp_path / "e.json")
    unseen = read(tmp_path / "e.json")["model"]["figures"]["unseen"]
    assert (unseen["images"], unseen["left_out"]) == (60, 20)
    assert "accuracy without 20 images also in train, %" in output
    for options in (["--no-duplicates"], ["--split", "train"]):
        assert (
            json.loads(command(*arguments, *options, "--json", "-")[1])["model"]["figures"][
                "unseen"
            ]
            is None
        )


@pytest.mark.slow
def test_predictions_are_one_line_an_image_with_names_of_classes(command, faces, tmp_path):
    file = tmp_path / "p.csv"
    command("bundled", "--data", f"folder:{faces}", "--predictions", file, "--json", "-")
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    classes = [name for name in rows[0] if name not in ("image", "true_label", "predicted")]
    assert len(rows) == 120
    assert len(classes) == 8
    assert {row["true_label"] for row in rows} == {"happiness", "anger"}
    for row in rows:
        probabilities = {name: float(row[name]) for name in classes}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert probabilities[row["predicted"]] == max(probabilities.values())
        assert (faces / row["image"]).is_file()


@pytest.mark.slow
def test_a_model_on_its_own_training_images_is_remarked(command, tiny_run):
    arguments = (tiny_run.path, "--data", tiny_run.config["data"])
    remark = "the model was trained on a split of this name"
    assert remark in command(*arguments, "--split", "train")[1]
    assert remark not in command(*arguments)[1]


@pytest.mark.slow
def test_the_tables_are_at_most_100_columns_wide(command, tiny_run, faces, other_model):
    for arguments in (
        ("--data", f"folder:{faces}", "--against", "bundled"),
        ("--data", DATA, "--against", other_model),
    ):
        _, output, _ = command(tiny_run.path, *arguments)
        assert max(map(len, output.splitlines())) <= 100


@pytest.mark.slow
def test_groups_of_faces_have_their_accuracy_with_an_interval(command, tmp_path):
    for place in ("EmoLabel", "Image/aligned", "Annotation/manual"):
        (tmp_path / place).mkdir(parents=True)
    names = [f"{split}_{number:04d}" for split in ("train", "test") for number in range(1, 8)]
    lines = [f"{name}.jpg {name[-1]}\n" for name in names]
    (tmp_path / "EmoLabel/list_patition_label.txt").write_text("".join(lines))
    for value, name in enumerate(names):
        image = Image.new("RGB", (100, 100), (10 * value, 0, 0))
        image.save(tmp_path / f"Image/aligned/{name}_aligned.jpg")
        attributes = f"{value % 2} 0 {4 if value % 7 < 3 else 2}"
        (tmp_path / f"Annotation/manual/{name}_manu_attri.txt").write_text(attributes)
    arguments = ("bundled", "--data", f"rafdb:{tmp_path}")
    _, output, _ = command(*arguments, "--json", tmp_path / "e.json")
    slices = read(tmp_path / "e.json")["model"]["figures"]["slices"]
    assert slices["age"].keys() == {"20-39", "70+"}
    assert (slices["age"]["70+"]["images"], slices["age"]["20-39"]["images"]) == (3, 4)
    assert slices["gender"]["female"]["accuracy"].keys() == {"value", "interval"}
    assert ["age", "images", "accuracy,", "%", "95", "%", "interval"] in words(output)
    assert ["70+", "3"] in [row[:2] for row in words(output)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gone", "--data", DATA], "no model at gone: it is neither a folder of this computer"),
        (["bundled", "--data", "nosuch"], "unknown data set 'nosuch'"),
        (["bundled", "--data", "ferplus:absent"], "no folder at absent"),
        (["bundled", "--data", DATA, "--bootstrap", "5"], "100 to 1,000,000 resamples, got 5"),
        (["bundled", "--data", DATA, "--seed", "-1"], "seed must be at least 0, got -1"),
        (["bundled", "--data", DATA, "--against", "gone"], "no model at gone"),
        (
            ["bundled", "--data", DATA, "--against-tta-flip", "True"],
            "--against-tta-flip needs --against MODEL",
        ),
        (["bundled", "--data", DATA, "--calibrate-split", "train"], "needs --calibrate-on DATA"),
        (["bundled", "--data", DATA, "--json", "absent/e.json"], "no folder absent to write"),
        (["bundled", "--data", DATA, "--predictions", "-"], "name a file: '-' means"),
        (
            ["bundled", "--data", DATA, "--json", "e.csv", "--predictions", "e.csv"],
            "json and predictions are both e.csv: name two files",
        ),
        (["bundled", "--data", DATA, "--calibrate-on", DATA], "those that are assessed"),
        (
            ["bundled", "--data", DATA, "--calibrate-on", "synthetic?train=14&test=14"],
            "at least 50 images to be fitted on, got 14",
        ),
    ],
)
@pytest.mark.slow
def test_a_value_that_cannot_work_is_an_error_without_a_traceback(command, arguments, sentence):
    code, output, errors = command(*arguments)
    assert isinstance(code, str)  # Python prints it to stderr and exits with code 1
    assert code.startswith("error: ")
    assert sentence in code
    assert output == ""
    assert "Traceback" not in errors


def test_a_split_without_images_is_an_error(command, faces):
    code, *_ = command("bundled", "--data", f"folder:{faces}", "--split", "train")
    assert code == "error: my faces split train has no images; its split my faces has 120"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error(call_command):
    code, *_ = call_command(module, "bundled", "--data", DATA, "--device", "cuda")
    assert code == "error: device cuda: torch finds no GPU here, use cpu or auto"


def test_the_command_explains_itself(call_command):
    code, output, _ = call_command(module, "--help")
    assert code == 0
    for word in ("MODEL", "--data", "--against", "--calibrate-on", "--shared-classes", "--json"):
        assert word in output
