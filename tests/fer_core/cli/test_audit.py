import csv
import json
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.audit.folder import read_audit
from fer_core.audit.gallery import read_thumbnails
from fer_core.cli import audit, audit_options
from fer_core.cli.audit_options import Command, TrainingOptions, check
from fer_core.datasets import Decoding, list_data
from fer_core.emotions import class_names
from fer_core.noise.label_files import noise_from_list
from fer_core.records.run import read_run
from fer_core.training.engine import train

TINY = ("--backbone", "test_resnet", "--image-size", 48, "--batch-size", 16, "--device", "cpu")
DATA = "synthetic?train=70&test=28"


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of fer-core audit."""
    return partial(call_command, audit)


@pytest.mark.slow
def test_a_run_is_audited_and_compared_with_the_known_truth(command, tiny_run, tmp_path):
    folder = tmp_path / "audit"
    code, output, _ = command(tiny_run.path, "--out", folder, "--first", 20, "--device", "cpu")
    assert code == 0
    rows = list(csv.DictReader((folder / "audit.csv").open(newline="")))
    assert [int(row["rank"]) for row in rows] == [*range(1, 71)]
    suspicion = [float(row["score_combined"]) for row in rows]
    assert suspicion == sorted(suspicion, reverse=True)
    found = read_audit(folder)
    assert found.wrong.sum() == tiny_run.noise["noisy_label_count"]
    assert set(found.measured["all"]["scores"]) == set(found.scores)
    assert list(found.measured["all"]["scores"]["knn"]["precision"]) == ["20"]
    assert f"all images: {found.wrong.sum()} of 70 labels are wrong" in output
    assert re.search(rf"^1 +{rows[0]['image']} +{rows[0]['noisy_label']} ", output, re.MULTILINE)
    assert found.facts["run"]["method"] == "eac"
    assert found.facts["data"]["images"] == 70
    assert "out_of_fold" in found.missing
    assert len(read_thumbnails(folder).names) >= 70  # all: fewer than a gallery shows by default
    assert str(folder / "gallery.html") in output


@pytest.mark.slow
def test_the_lists_of_an_audit_are_what_a_run_takes(command, tiny_run, tiny_config, tmp_path):
    folder = tmp_path / "audit"
    asked = ("--flag", 7, "--gallery", 0, "--device", "cpu")
    assert command(tiny_run.path, "--out", folder, *asked)[0] == 0
    assert not list(folder.glob("gallery*"))
    found = read_audit(folder)
    assert found.flagged.sum() == 7
    one = replace(tiny_config, noise="none", noise_rate=0.0, epochs=1)
    dropped = replace(one, exclude=str(folder / "exclude.txt"))
    record = train(dropped, tmp_path / "dropped", device="cpu", progress=False)
    assert record.data["train_images"] == 63
    lists = {"noise": "file", "noise_file": str(folder / "corrected_labels.txt")}
    corrected = train(replace(one, **lists), tmp_path / "new", device="cpu", progress=False)
    expected = int((found.corrected_labels != found.true_labels).sum())
    assert corrected.noise["noisy_label_count"] == expected


@pytest.mark.slow
def test_a_data_set_is_audited_by_a_run_of_its_own_which_is_used_again(command, tmp_path):
    folder = tmp_path / "found"
    arguments = (DATA, "--epochs", 1, *TINY, "--out", folder)
    assert command(*arguments)[0] == 0
    record = read_run(folder / "run")
    assert (record.config["method"], record.config["noise"]) == ("eac", "none")
    first = (folder / "audit.csv").read_text()
    code, output, _ = command(*arguments)
    assert code == 0
    assert "true labels are not known" in output
    assert (folder / "audit.csv").read_text() == first
    assert "true_label" not in first.splitlines()[0]
    assert "other options or data" in command(*arguments, "--seed", 1)[0]
    same = command(DATA, "--run", folder / "run", "--out", tmp_path / "same", "--device", "cpu")
    assert same[0] == 0
    assert (tmp_path / "same" / "audit.csv").read_text() == first


@pytest.mark.slow
def test_folds_add_out_of_fold_scores_of_a_baseline(command, tiny_run, tmp_path):
    folder = tmp_path / "audit"
    asked = ("--folds", 2, "--fold-epochs", 1, "--device", "cpu")
    assert command(tiny_run.path, "--out", folder, *asked)[0] == 0
    found = read_audit(folder)
    assert "out_of_fold" in found.scores
    record = read_run(folder / "folds" / "fold0of2")
    assert (record.config["method"], record.config["flip_probability"]) == ("cross_entropy", 0.5)
    assert (record.config["noise"], record.config["epochs"]) == ("none", 1)


def write_predictions(file, names, classes):
    generator = np.random.default_rng(0)
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", *(f"probability_{name}" for name in classes)])
        chances = generator.dirichlet(np.ones(len(classes)), len(names))
        writer.writerows([name, *row] for name, row in zip(names, chances, strict=True))


def faces(folder, labels, size=48):
    """Noise images in class folders, ``train/CLASS/NUMBER.png``, and one evaluation image each."""
    generator = np.random.default_rng(0)
    for split, count in (("train", None), ("test", 1)):
        for label, images in labels.items():
            target = folder / split / label
            target.mkdir(parents=True)
            for number in range(count or images):
                pixels = generator.integers(0, 255, (size, size, 3), np.uint8)
                Image.fromarray(pixels).save(target / f"{number}.png")
    return [f"train/{label}/{n}.png" for label, images in labels.items() for n in range(images)]


@pytest.mark.parametrize(
    "labels",
    [{"froh": 3, "wütend": 2}, {"froh": 9, "wütend": 1}],
    ids=["five images", "one of a class"],
)
def test_predictions_of_any_model_give_what_they_allow_also_of_few_images_and_own_classes(
    command, tmp_path, labels
):
    names = faces(tmp_path / "data", labels)
    write_predictions(tmp_path / "p.csv", names, sorted(labels))
    out = tmp_path / "audit"
    uri = f"folder:{tmp_path / 'data'}"
    code, output, _ = command(uri, "--predictions", tmp_path / "p.csv", "--out", out)
    assert code == 0
    found = read_audit(out)
    assert sorted(found.names) == sorted(names)
    assert found.classes == tuple(sorted(labels))
    assert "no knn: needs features" in output
    assert set((out / "exclude.txt").read_text().splitlines()) <= set(names)
    assert len((out / "corrected_labels.txt").read_text().splitlines()) == len(names)


def test_a_data_set_with_one_class_gets_a_sentence(command, tmp_path):
    faces(tmp_path / "data", {"calm": 4})
    code, _, _ = command(f"folder:{tmp_path / 'data'}", *TINY, "--out", tmp_path / "audit")
    assert code.startswith("error: ")
    assert "class" in code
    assert not (tmp_path / "audit").exists()


def test_labels_of_one_class_alone_are_ranked_with_a_warning(command, tmp_path, caplog):
    names = faces(tmp_path / "data", {"calm": 4, "glad": 1})
    (tmp_path / "list.txt").write_text("".join(f"{name} 1\n" for name in names))
    write_predictions(tmp_path / "p.csv", names, ("calm", "glad"))
    noise = ("--noise", "file", "--noise-file", tmp_path / "list.txt", "--bootstrap", 100)
    uri, out = f"folder:{tmp_path / 'data'}", tmp_path / "audit"
    code, *_ = command(uri, "--predictions", tmp_path / "p.csv", *noise, "--out", out)
    assert code == 0
    assert "all 5 labels are calm" in caplog.text
    assert not read_audit(out).flagged.any()


@pytest.mark.slow
def test_where_all_labels_are_wrong_the_figures_say_that_there_is_nothing_to_tell_apart(
    command, tmp_path
):
    names = faces(tmp_path / "data", {"calm": 4, "glad": 4})
    turned = "".join(f"{name} {1 if 'glad' in name else 2}\n" for name in names)
    (tmp_path / "list.txt").write_text(turned)
    write_predictions(tmp_path / "p.csv", names, ("calm", "glad"))
    noise = ("--noise", "file", "--noise-file", tmp_path / "list.txt")
    uri, out = f"folder:{tmp_path / 'data'}", tmp_path / "audit"
    code, output, _ = command(
        uri, "--predictions", tmp_path / "p.csv", *noise, "--out", out, "--bootstrap", 100
    )
    assert code == 0
    assert "8 of 8 labels are wrong (100.0%): all or none" in output
    assert json.loads((out / "audit.json").read_text())["measured"]["all"]["scores"] == {}


@pytest.mark.slow
def test_decisions_write_the_lists_anew(command, tiny_run, tmp_path):
    folder = tmp_path / "audit"
    assert command(tiny_run.path, "--out", folder, "--device", "cpu")[0] == 0
    found = read_audit(folder)
    keep, drop, change = found.names[:3]
    (tmp_path / "decisions.csv").write_text(
        f"image,decision,label\n{keep},keep,\n{drop},drop,\n{change},relabel,fear\n"
    )
    code, output, _ = command(folder, "--decisions", tmp_path / "decisions.csv")
    assert code == 0
    assert (folder / "exclude.txt").read_text() == f"{drop}\n"
    assert f"{change} 2\n" in (folder / "corrected_labels.txt").read_text()  # RAF-DB's number
    assert "1 image to drop" in output
    assert "no audit in" in command(tmp_path, "--decisions", tmp_path / "decisions.csv")[0]


@pytest.mark.slow
def test_the_lists_of_raf_db_include_its_own_label_list(command, tmp_path):
    root = tmp_path / "rafdb"
    (root / "EmoLabel").mkdir(parents=True)
    (root / "Image" / "aligned").mkdir(parents=True)
    names = [f"train_{n:05}.jpg" for n in range(8)] + ["test_0001.jpg"]
    generator = np.random.default_rng(0)
    for name in names:
        pixels = generator.integers(0, 255, (48, 48, 3), np.uint8)
        Image.fromarray(pixels).save(root / "Image" / "aligned" / f"{name[:-4]}_aligned.jpg")
    given = {name: n % 7 + 1 for n, name in enumerate(names)}
    listed = root / "EmoLabel" / "list_patition_label.txt"
    listed.write_text("".join(f"{name} {label}\n" for name, label in given.items()))
    write_predictions(tmp_path / "p.csv", names[:8], class_names(7))
    out = tmp_path / "audit"
    code, output, _ = command(
        f"rafdb:{root}", "--predictions", tmp_path / "p.csv", "--out", out, "--flag", 3
    )
    assert code == 0
    assert "list_patition_label.txt" in output
    shutil.copy(out / "list_patition_label.txt", listed)
    corrected = list_data(f"rafdb:{root}", Decoding(48, 3))
    found = read_audit(out)
    labels = dict(zip(found.names, found.corrected_labels, strict=True))
    assert found.flagged.sum() == 3
    assert {*zip(corrected.train.names, corrected.train.true_labels, strict=True)} == {
        *labels.items()
    }
    assert corrected.eval.names == ("test_0001.jpg",)


@pytest.mark.slow
def test_a_file_gets_the_table_alone(command, tiny_run, tmp_path):
    file = tmp_path / "table.csv"
    assert command(tiny_run.path, "--out", file, "--device", "cpu")[0] == 0
    assert len(file.read_text().splitlines()) == 71
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.slow
def test_a_record_without_its_checkpoint_is_audited_by_its_configuration(
    command, tiny_run, tmp_path
):
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    shutil.rmtree(run / "checkpoint")
    assert command(run, "--device", "cpu")[0] == 0
    assert (run / "audit" / "audit.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--data", "synthetic?train=70&test=56"],
            "is not the data set that the run was trained on",
        ),
        (["--first", "0"], "first must be at least 1, got 0"),
        (["--folds", "1"], "folds must be 0 .* got 1"),
        (["--out", "nowhere/audit.csv"], "no folder nowhere"),
        (["--epochs", "3"], "--epochs applies only when a new run is trained"),
        (["--rank-by", "out_of_fold"], "--rank-by out_of_fold needs --folds"),
        (["--folds", "3", "--fold-epochs", "0"], "fold_epochs must be at least 1, got 0"),
        (["--bootstrap", "1"], "bootstrap must be"),
    ],
)
@pytest.mark.slow
def test_what_cannot_work_is_one_sentence_and_writes_nothing(
    command, tiny_run, tmp_path, arguments, message
):
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    code, _, _ = command(run, *arguments, "--device", "cpu")
    assert code.startswith("error: ")
    assert re.search(message, code)
    assert not (run / "audit").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rank-by", "out_of_fold"], "needs --folds"),
        (["--rank-by", "cleanlab_self_confidence"], "cleanlab, which is not installed"),
        (["--bootstrap", "0"], "bootstrap must be"),
    ],
)
def test_what_no_audit_could_give_is_refused_before_a_run_is_trained(
    command, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.setattr(audit_options, "is_installed", lambda: False)
    monkeypatch.chdir(tmp_path)
    assert message in command(DATA, *TINY, *arguments)[0]
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_record_is_named(command, tmp_path):
    (tmp_path / "nothing").mkdir()
    assert "run.json" in command(tmp_path / "nothing")[0]


def test_lists_of_an_audit_with_exclude_work_without_the_earlier_list(command, tmp_path):
    names = faces(tmp_path / "data", {"calm": 5, "glad": 5})
    write_predictions(tmp_path / "p.csv", names, ("calm", "glad"))
    dropped, uri = "train/calm/0.png", f"folder:{tmp_path / 'data'}"
    (tmp_path / "A.txt").write_text(f"{dropped}\n")
    asked = ("--predictions", tmp_path / "p.csv", "--exclude", tmp_path / "A.txt", "--flag", 2)
    code, output, _ = command(uri, *asked, "--out", tmp_path / "audit")
    assert code == 0
    assert "besides the 1 of --exclude" in output
    found = read_audit(tmp_path / "audit")
    assert len(found.names) == 9

    def excluded():
        labels = tmp_path / "audit" / "corrected_labels.txt"
        listed = list_data(uri, Decoding(48, 3))
        train = listed.train
        assert noise_from_list(labels, train.names, train.true_labels, listed.classes)
        assert f"{dropped} 1\n" in labels.read_text()
        return set((tmp_path / "audit" / "exclude.txt").read_text().splitlines())

    flagged = {found.names[row] for row in np.flatnonzero(found.flagged)}
    assert excluded() == {dropped, *flagged}
    (tmp_path / "d.csv").write_text(f"image,decision,label\n{found.names[3]},drop,\n")
    assert command(tmp_path / "audit", "--decisions", tmp_path / "d.csv")[0] == 0
    assert excluded() == {dropped, found.names[3]}


def test_labels_of_excluded_images_are_those_of_the_list_that_was_audited(command, tmp_path):
    names = faces(tmp_path / "data", {"calm": 4, "glad": 4})
    write_predictions(tmp_path / "p.csv", names, ("calm", "glad"))
    (tmp_path / "A.txt").write_text("train/calm/0.png\n")
    (tmp_path / "list.txt").write_text(
        "".join(f"{name} {3 - (1 + ('glad' in name))}\n" for name in names)
    )
    options = ("--noise", "file", "--noise-file", tmp_path / "list.txt", "--bootstrap", 100)
    asked = ("--predictions", tmp_path / "p.csv", "--exclude", tmp_path / "A.txt", *options)
    assert command(f"folder:{tmp_path / 'data'}", *asked, "--out", tmp_path / "audit")[0] == 0
    assert "calm/0.png 2\n" in (tmp_path / "audit" / "corrected_labels.txt").read_text()


def test_an_exclude_list_of_ones_own_is_kept_and_said_before_the_audit(command, tmp_path):
    names = faces(tmp_path / "data", {"calm": 3, "glad": 3})
    write_predictions(tmp_path / "p.csv", names, ("calm", "glad"))
    mine = tmp_path / "exclude.txt"
    mine.write_text("train/calm/0.png\n")
    asked = (f"folder:{tmp_path / 'data'}", "--predictions", tmp_path / "p.csv", "--exclude", mine)
    message, output, _ = command(*asked, "--out", tmp_path)
    assert "holds no audit, but exclude.txt" in message
    assert not output
    assert mine.read_text() == "train/calm/0.png\n"


def test_an_audit_without_a_gallery_leaves_none_of_the_earlier_one(command, tmp_path):
    names = faces(tmp_path / "data", {"calm": 3, "glad": 3})
    write_predictions(tmp_path / "p.csv", names, ("calm", "glad"))
    asked = (f"folder:{tmp_path / 'data'}", "--predictions", tmp_path / "p.csv")
    out = tmp_path / "audit"
    assert command(*asked, "--out", out)[0] == 0
    assert read_thumbnails(out) is not None
    assert command(*asked, "--out", out, "--gallery", 0)[0] == 0
    assert read_thumbnails(out) is None
    assert not (out / "gallery.html").exists()


@pytest.mark.parametrize(
    "option",
    [
        *(["--backbone", "nonsense"], ["--epochs", "3"], ["--learning-rate", "9"]),
        *(["--fold-epochs", "4"], ["--method", "eac", "--folds", "2"]),
    ],
)
def test_options_of_a_run_are_refused_beside_predictions(command, tmp_path, option):
    names = faces(tmp_path / "data", {"calm": 3, "glad": 3})
    write_predictions(tmp_path / "p.csv", names, ("calm", "glad"))
    uri, out = f"folder:{tmp_path / 'data'}", tmp_path / "audit"
    code, *_ = command(uri, "--predictions", tmp_path / "p.csv", "--out", out, *option)
    assert str(code).startswith(f"error: {option[0]} applies only ")
    assert not out.exists()


def test_options_of_images_and_folds_are_taken_beside_predictions():
    training = TrainingOptions(image_size=32, channels=1, exclude="a.txt", seed=1)
    check(Command("folder:x", predictions=Path("p.csv"), training=training))
    training = replace(training, backbone="test_resnet", epochs=1)
    check(Command("folder:x", predictions=Path("p.csv"), folds=2, fold_epochs=1, training=training))


@pytest.mark.parametrize(
    "option", [["--flag", "-3"], ["--device", "cuda"], ["--epochs", "1"], ["--out", "there"]]
)
def test_decisions_are_refused_beside_options_of_an_audit(command, tmp_path, option):
    code, *_ = command(tmp_path, "--decisions", tmp_path / "decisions.csv", *option)
    assert str(code).startswith(f"error: {option[0]} applies only when labels are audited")
