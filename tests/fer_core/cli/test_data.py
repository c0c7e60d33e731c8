import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.cli import data, train
from fer_core.config import RunConfig
from fer_core.datasets import Decoding, Storage, load_data
from fer_core.noise.label_files import noise_from_list
from fer_core.records.run import read_run
from fer_core.reporting.data_text import table
from fer_core.training.labels import draw_noisy_labels
from fer_core.training.setup import load_run_data
from tests.project import PROJECT

DRAWN = "synthetic?train=70&test=14"


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of train.data."""
    return partial(call_command, data)


def put(root, place, seed):
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / place)


@pytest.fixture
def root(tmp_path):
    """A folder of 12 training and 6 test images in two classes."""
    faces = tmp_path / "my faces"
    for number in range(9):
        split = "train" if number < 6 else "test"
        for emotion in ("happy", "angry"):
            put(
                faces,
                f"{split}/{emotion}/{number}.png",
                100 * number + len(split + emotion) + ord(emotion[0]),
            )
    return faces


@pytest.fixture
def broken(root):
    (root / "train/happy/0.png").write_bytes(b"")
    (root / "test/angry/7.png").write_text("text")
    put(root, "train/bored/x.png", 1)
    return root


def words(text):
    return [line.split() for line in text.splitlines()]


def test_a_whole_data_set_is_shown_with_code_0(command, root):
    code, output, errors = command("check", f"folder:{root}")
    assert code == 0
    rows = words(output)
    assert rows[:4] == [
        ["my", "faces", "train", "test"],
        ["happiness", "6", "3"],
        ["anger", "6", "3"],
        ["total", "12", "6"],
    ]
    assert ["train", "64x64", "64x64", "64x64", "64x64", "(100.0", "%)"] in rows
    assert "no problems: a run can train on this data set" in output
    assert "identical" not in output
    assert "reading train: 100%" in errors


@pytest.mark.parametrize("uri", [("--data", DRAWN), (f"--data={DRAWN}",)])
def test_the_data_set_may_stand_behind_data_as_in_other_commands(command, uri):
    assert command("check", *uri)[:2] == command("check", DRAWN)[:2]


def test_problems_are_listed_with_code_1(command, broken):
    code, output, _ = command("check", f"folder:{broken}?classes=emotions")
    assert code == 1
    assert "a run refuses this data set, problems: 3" in output
    assert "  class: 1 (train/bored/)" in output
    assert "  unreadable file: 2 (train/happy/0.png, test/angry/7.png)" in output
    assert "happy/0.png is not a readable image" in output
    assert ["cannot", "be", "read", "1", "1"] in words(output)
    assert "Traceback" not in output


def test_many_names_are_cut_after_the_first(command, root):
    for number in range(5):
        (root / f"train/happy/{number}.png").write_bytes(b"")
    _, output, _ = command("check", f"folder:{root}")
    assert "unreadable file: 5 (train/happy/0.png, train/happy/1.png, train/happy/2.png, ...)" in (
        output
    )


def test_duplicates_alone_are_a_remark(command, root):
    put(root, "train/happy/p.png", 1)
    put(root, "train/angry/p.png", 1)
    put(root, "test/angry/p.png", 1)
    code, output, _ = command("check", f"folder:{root}", "--near")
    assert code == 0
    assert (
        "also in train, pixel by pixel: 1 of 7 images of test (--dedup drops them), 1 with "
        "different labels: test/angry/p.png\n"
    ) in output
    assert (
        "identical within train: 2 images, 1 distinct, 1 with different labels: "
        "train/happy/p.png = train/angry/p.png (happiness, anger)\n"
    ) in output
    assert "altered copies of images in train (similarity from 0.950): 0 of 7" in output


def test_near_duplicates_are_named_with_their_similarity(command, root):
    coarse = np.random.default_rng(0).integers(40, 200, (9, 9, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC)
    image.save(root / "train/happy/n.png")
    turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turned.save(root / "test/angry/n.jpg")
    for option in (["--near"], ["--near-threshold", 0.9]):
        code, output, _ = command("check", f"folder:{root}", *option)
        assert code == 0
        assert "1 of 7 images of test, 1 with different labels: test/angry/n.jpg = " in output
        assert "train/happy/n.png (anger, happiness) 1.000 mirrored\n" in output
    assert "altered" not in command("check", f"folder:{root}")[1]


def test_a_class_without_images_is_a_remark(command, root):
    for path in (root / "test/angry").iterdir():
        path.unlink()
    (root / "test/angry").rmdir()
    code, output, _ = command("check", f"folder:{root}")
    assert code == 0
    assert "test has no images of anger" in output


def test_json_to_a_file_holds_the_whole_report(command, broken, tmp_path):
    code, output, _ = command(
        "check", f"folder:{broken}?classes=emotions", "--json", tmp_path / "report.json"
    )
    values = json.loads((tmp_path / "report.json").read_text())
    assert code == 1
    assert "a run refuses" in output
    assert values["data"] == f"folder:{broken}?classes=emotions"
    assert len(values["problems"]) == 3


def test_json_to_the_terminal_stands_alone(command, broken, tmp_path):
    options = ("--json", "-", "--fix-list", tmp_path / "list.txt")
    code, output, errors = command("check", f"folder:{broken}?classes=emotions", *options)
    assert code == 1
    assert json.loads(output)["refused"] is True
    assert "3 names to exclude" in errors


@pytest.mark.slow
def test_a_run_loads_the_data_without_the_files_of_the_fix_list(
    command, broken, tmp_path, monkeypatch
):
    uri, file = f"folder:{broken}?classes=emotions", tmp_path / "exclude list.txt"
    code, output, _ = command("check", uri, "--fix-list", file)
    assert code == 1
    assert f"3 names to exclude in {file}; 11 + 5 images are left" in output
    assert f"--exclude '{file}'" in output
    assert file.read_text().splitlines() == [
        "test/angry/7.png",
        "train/bored/",
        "train/happy/0.png",
    ]
    loaded = load_data(uri, Decoding(16, 3), without=file)
    assert (len(loaded.train.true_labels), len(loaded.eval.true_labels)) == (11, 5)
    code, output, _ = command("check", uri, "--exclude", file)
    assert code == 0
    assert "no problems" in output
    options = ("--image-size", 64, "--backbone", "test_resnet", "--epochs", 1, "--batch-size", 8)
    arguments = ("train.run", "--data", uri, "--exclude", file, *options, "--device", "cpu")
    monkeypatch.setattr("sys.argv", [*map(str, arguments), "--out", str(tmp_path / "run")])
    train.main()
    assert read_run(tmp_path / "run").status == "finished"


def test_a_second_fix_list_keeps_the_names_of_the_first(command, broken, tmp_path):
    uri, file = f"folder:{broken}?classes=emotions", tmp_path / "list.txt"
    command("check", uri, "--fix-list", file)
    (broken / "train/happy/1.png").write_bytes(b"")
    code, output, _ = command("check", uri, "--exclude", file, "--fix-list", file)
    assert code == 1
    assert "4 names to exclude" in output
    assert "10 + 5 images are left" in output
    assert command("check", uri, "--exclude", file)[0] == 0
    assert command("check", uri, "--leave-out", file)[0] == 0  # the former name


def test_with_nothing_to_leave_out_the_list_is_empty_and_changes_nothing(command, root, tmp_path):
    code, output, _ = command("check", f"folder:{root}", "--fix-list", tmp_path / "list.txt")
    assert code == 0
    assert "nothing to exclude" in output
    assert (tmp_path / "list.txt").read_bytes() == b""
    loaded = load_data(f"folder:{root}", Decoding(16, 3), without=tmp_path / "list.txt")
    assert len(loaded.train.true_labels) == 12


@pytest.mark.skipif(sys.platform == "win32", reason="file names have no line breaks there")
def test_names_with_line_breaks_are_shown_on_one_line_and_refused_in_a_list(
    command, root, tmp_path
):
    (root / "train/happy/a\nb.png").write_bytes(b"")
    code, output, _ = command("check", f"folder:{root}")
    assert code == 1
    assert r"unreadable file: 1 (train/happy/a\nb.png)" in output
    code, _, _ = command("check", f"folder:{root}", "--fix-list", tmp_path / "list.txt")
    assert code.startswith(r"error: the name 'train/happy/a\nb.png' cannot be in an exclude list")
    assert not (tmp_path / "list.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check", "nosuch:x"], "unknown data set 'nosuch'"),
        (["check", "folder:absent"], "no folder at absent"),
        (["check", DRAWN, "--exclude", "absent.txt"], "no exclude list at absent"),
        (["check", DRAWN, "--fix-list", "absent/list.txt"], "no folder absent to write list.txt"),
        (["check", DRAWN, "--json", "absent/x.json"], "no folder absent to write x.json"),
        (["check", DRAWN, "--json", "."], "is a folder, not a file"),
        (["check", DRAWN, "--near-threshold", "1.5"], "must be in (0, 1], got 1.5"),
        (["noise", "folder:absent", "--noise", "none"], "no folder at absent"),
        (["noise", DRAWN, "--noise", "symmetric", "--noise-rate", "1"], "noise_rate must be in"),
        (["noise", DRAWN, "--noise", "rater", "--noise-rate", "0.1"], "has no effect with noise"),
        (["noise", DRAWN, "--noise", "rater"], "needs FER+ votes"),
        (["noise", DRAWN, "--noise", "file"], "needs noise_file"),
        (["noise", DRAWN, "--noise", "none", "--out", "absent/x"], "no folder absent to write x"),
    ],
)
@pytest.mark.slow
def test_a_value_that_cannot_work_is_an_error_line(
    command, tmp_path, monkeypatch, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    code, output, errors = command(*arguments)
    assert isinstance(code, str)  # Python prints it to stderr and exits with code 1
    assert code.startswith("error: ")
    assert sentence in code
    assert output == ""
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["chekc"], ["check"], ["noise", DRAWN], ["noise", DRAWN, "--noise", "many"], ["cache", 1]],
)
def test_a_command_that_does_not_parse_ends_with_code_2(command, arguments):
    code, output, errors = command(*arguments)
    assert code == 2
    assert "Traceback" not in output + errors


@pytest.mark.slow
def test_the_noise_is_the_one_of_a_run(command, tiny_run, tiny_config):
    rate = ("--noise", "symmetric", "--noise-rate", tiny_config.noise_rate)
    code, output, _ = command("noise", tiny_config.data, *rate, "--seed", tiny_config.seed)
    assert code == 0
    recorded = tiny_run.noise
    assert f"noisy_labels_sha256 {recorded['noisy_labels_sha256']}" in output
    assert "requested 30 %, realised 30.00 %: 21 of 70 labels noisy" in output
    row = next(row for row in words(output) if row[:1] == ["happiness"])
    counts = recorded["transition"][1]
    assert row[1:3] == ["10", str(10 - counts[1])]
    assert row[3:] == [f"{10 * count:.1f}" for count in counts]
    assert words(output)[-1][:3] == ["all", "70", "21"]


@pytest.mark.parametrize("noise", ["symmetric", "asymmetric"])
@pytest.mark.slow
def test_the_list_of_the_noise_is_read_back_by_a_run(command, tmp_path, noise):
    file = tmp_path / "noisy labels.txt"
    options = ("--noise", noise, "--noise-rate", "0.4", "--seed", "3")
    code, output, _ = command("noise", DRAWN, *options, "--out", file)
    assert code == 0
    assert f"70 labels in {file}: --noise file --noise-file '{file}'" in output
    config = RunConfig(data=DRAWN, image_size=48, noise=noise, noise_rate=0.4, seed=3)
    loaded = load_run_data(config, Storage("stream"))
    drawn = draw_noisy_labels(config, loaded).noisy_labels
    train = loaded.train
    read = noise_from_list(file, train.names, train.true_labels, loaded.classes)
    assert np.array_equal(read.noisy_labels, drawn)
    _, again, _ = command("noise", DRAWN, "--noise", "file", "--noise-file", file)
    assert "no rate requested" in again
    assert output.splitlines()[2] == again.splitlines()[2]  # the hash


def test_the_noise_of_a_broken_set_is_refused_until_files_are_left_out(command, broken, tmp_path):
    uri, rate = f"folder:{broken}?classes=emotions", ("--noise", "symmetric", "--noise-rate", "0.5")
    code, _, _ = command("noise", uri, *rate)
    assert "unknown emotion 'bored'" in code
    assert "--fix-list FILE" in code
    command("check", uri, "--fix-list", tmp_path / "list.txt")
    code, output, _ = command("noise", uri, *rate, "--exclude", tmp_path / "list.txt")
    assert code == 0
    assert " of 11 labels noisy" in output


def test_the_cache_is_listed_and_cleared(command, root, tmp_path):
    cache = tmp_path / "cache"
    load_data(f"folder:{root}", Decoding(32, 1), storage=Storage("cache", cache))
    (cache / "notes.txt").write_text("mine")
    (cache / "entries" / f"part-{'a' * 64}-x").mkdir()
    code, output, _ = command("cache", "--cache", cache)
    assert code == 0
    rows = words(output)
    assert rows[0] == [str(cache)]
    assert sorted(row[2:] for row in rows[3:5]) == [["12", "32", "1"], ["6", "32", "1"]]
    assert rows[5] == ["part-aaaaaaaaaaaa", "0.0", "unfinished"]
    assert rows[6] == ["total", "0.0"]
    code, output, _ = command("cache", "--cache", cache, "--clear")
    assert code == 0
    assert "deleted 3 entries, freed 0.0 MB" in output
    assert (cache / "notes.txt").read_text() == "mine"
    assert f"no decoded images in {cache}" in command("cache", "--cache", cache)[1]


def test_the_cache_is_the_one_that_runs_use(command, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_CORE_CACHE", str(tmp_path / "chosen"))
    code, output, _ = command("cache", "--clear")
    assert code == 0
    assert f"no decoded images in {tmp_path / 'chosen'}" in output
    assert "deleted 0 entries" in output
    assert not (tmp_path / "chosen").exists()
    (tmp_path / "file").write_text("")
    assert "file is not a folder" in command("cache", "--cache", tmp_path / "file")[0]


@pytest.mark.slow
def test_the_commands_explain_themselves_and_start_without_torch():
    words = [sys.executable, "-X", "importtime", "-m", "fer_core.cli.data", "check", "--help"]
    folder = PROJECT
    ended = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    for option in ("--fix-list", "--exclude", "--json", "--near", "--near-threshold"):
        assert option in ended.stdout
    assert re.search(r"\| +numpy$", ended.stderr, re.MULTILINE)
    assert not re.search(r"\| +torch$", ended.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [("check", DRAWN, "--fix-list", "-"), ("noise", DRAWN, "--noise", "none", "--out", "-")],
)
def test_a_list_is_not_written_to_the_terminal(command, arguments):
    code, _, _ = command(*arguments)
    assert "'-' means the terminal only with --json" in code
    assert not Path("-").exists()


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error(warm_python):
    arguments = [warm_python, "-u", "-m", "fer_core.cli.data", "noise", DRAWN, "--noise", "none"]
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")


def test_tables_of_wide_letters_stand_in_columns():
    rows = [("class", "images"), ("眠い", "7"), ("mu\u0308de", "12")]
    assert table(rows).splitlines() == ["class  images", "眠い        7", "mu\u0308de       12"]


def test_a_mixture_of_emotions_and_other_classes_is_a_question_with_both_ways_out(
    command, root, tmp_path
):
    put(root, "train/bored/x.png", 1)
    code, _, _ = command("check", f"folder:{root}")
    assert "'bored' is not an emotion, while" in code
    assert f"'folder:{root}?classes=as-is'" in code
    code, output, _ = command("check", f"folder:{root}?classes=as-is")
    assert code == 0
    assert ["bored", "1", "0"] in words(output)


def test_a_class_that_a_run_could_not_learn_is_refused_by_the_check_too(command, tmp_path):
    faces = tmp_path / "affect"
    for number in range(7):
        put(faces, f"train/{number}/a.png", number)
        put(faces, f"val/{number}/b.png", 100 + number)
    code, output, _ = command("check", f"affectnet:{faces}")
    assert code == 1
    assert (
        "no training image of contempt: the option classes=7 of affectnet leaves it out" in output
    )
    code, output, _ = command("check", f"affectnet:{faces}?classes=7")
    assert (code, "no problems" in output) == (0, True)


def test_rare_classes_are_said_and_refuse_nothing(command, tmp_path):
    faces = tmp_path / "faces"
    put(faces, "train/sad/only.png", 1)
    put(faces, "test/sad/other.png", 2)
    first = tmp_path / "faces" / "train" / "happy"
    first.mkdir()
    for number in range(100):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(first / f"{number}.png")
    code, output, _ = command("check", f"folder:{faces}")
    assert code == 0
    assert "fewer than 10 images of sadness (1)" in output
    assert "imbalance in train: 100 images of happiness, 1 of sadness" in output


def test_noise_without_its_rate_is_refused(command):
    code, _, _ = command("noise", DRAWN, "--noise", "symmetric")
    assert "noise 'symmetric' needs noise_rate" in code
    assert "for example 0.3" in code


@pytest.mark.slow
def test_whole_photographs_are_told_from_faces(command, tmp_path, portrait):
    (side, *_) = portrait.size
    for kind, box in (("whole", None), ("faces", (70, 40, 170, 160))):
        for number, split in enumerate(("train", "train", "test")):
            for emotion in ("happy", "sad"):
                file = tmp_path / kind / split / emotion / f"{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                (portrait.crop(box) if box else portrait).resize((side, side)).save(file)
    _, whole, _ = command("check", f"folder:{tmp_path / 'whole'}")
    _, faces, _ = command("check", f"folder:{tmp_path / 'faces'}")
    assert "look like whole photographs: a face takes 3" in whole
    assert "Crop them with fer-core align" in whole
    assert "whole photographs" not in faces


@pytest.mark.parametrize("action", ["check", "noise"])
def test_the_table_of_the_data_set_itself_is_never_written(call_command, tmp_path, action):
    table = tmp_path / "labels.csv"
    table.write_text("image,label\na.png,happy\nb.png,sad\n")
    asked = {"check": ("--fix-list",), "noise": ("--noise", "none", "--out")}[action]
    code, _, _ = call_command(data, action, f"csv:{table}?split=0.5", *asked, table)
    assert f"{table} is read by this command: name another file to write" in code
    assert table.read_text().startswith("image,label")
