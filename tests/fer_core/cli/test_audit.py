import csv
import re
import shutil
from dataclasses import replace
from functools import partial

import pytest

from fer_core.cli import audit
from fer_core.training.engine import train


@pytest.fixture
def command(call_command):
    """``command(*arguments)`` of fer-core audit."""
    return partial(call_command, audit)


@pytest.mark.slow
def test_images_are_ranked_and_compared_with_the_known_truth(command, tiny_run, tmp_path):
    file = tmp_path / "audit.csv"
    code, output, _ = command(tiny_run.path, "--out", file, "--first", 20, "--device", "cpu")
    assert code == 0
    rows = list(csv.DictReader(file.open(newline="")))
    assert len(rows) == 70
    losses = [float(row["loss"]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    wrong = [row["noisy_label"] != row["true_label"] for row in rows]
    assert f"{sum(wrong)} labels are wrong" in output
    assert f"precision among the first 20: {100 * sum(wrong[:20]) / 20:.1f} %" in output
    area = float(re.search(r"AUROC (\d\.\d{3});", output)[1])
    assert 0 <= area <= 1
    assert re.search(rf"^1 +{rows[0]['image']} +{rows[0]['noisy_label']} ", output, re.MULTILINE)
    assert f"all 70 images: {file}" in output


@pytest.mark.slow
def test_a_run_on_labels_without_known_truth_says_so(command, tiny_config, tmp_path):
    clean = replace(tiny_config, noise="none", noise_rate=0.0, epochs=1)
    run = train(clean, tmp_path / "run", device="cpu", progress=False)
    code, output, _ = command(run.path, "--device", "cpu")
    assert code == 0
    assert "true labels are not known" in output
    assert "AUROC" not in output
    assert "true_label" not in (run.path / "audit.csv").read_text().splitlines()[0]


@pytest.mark.slow
def test_a_record_without_its_checkpoint_is_audited_by_its_configuration(
    command, tiny_run, tmp_path
):
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    shutil.rmtree(run / "checkpoint")
    assert command(run, "--device", "cpu")[0] == 0
    assert (run / "audit.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "synthetic?train=70&test=56"], "is not what the run was trained on"),
        (["--first", "0"], "first must be at least 1, got 0"),
        (["--out", "nowhere/audit.csv"], "no folder nowhere"),
    ],
)
@pytest.mark.slow
def test_what_cannot_work_is_one_sentence_and_writes_nothing(
    command, tiny_run, tmp_path, arguments, message
):
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    code, _, _ = command(run, *arguments, "--device", "cpu")
    assert code.startswith("error: ")
    assert message in code
    assert not (run / "audit.csv").exists()


def test_a_folder_without_a_record_is_named(command, tmp_path):
    assert "run.json" in command(tmp_path / "nothing")[0]
