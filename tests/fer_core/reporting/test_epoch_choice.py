from pathlib import Path

import pytest

from fer_core.records.run import read_runs
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.epoch_choice import RULES, chosen_epoch, selection_table

SHIPPED = Path(__file__).parents[3] / "fer_core/records/shipped_runs/gpu_resnet50"


@pytest.fixture(scope="module")
def runs():
    return list(read_runs(SHIPPED).runs)


def cells(text, method):
    lines = [line for line in text.splitlines() if f"| {method} |" in line]
    return [cell.strip() for cell in lines[0].strip("|").split("|")]


def test_an_epoch_is_the_first_with_the_highest_figure_or_the_last(runs):
    one = runs[0]
    for figure in filter(None, RULES.values()):
        values = [epoch[figure] for epoch in one.epochs]
        assert values[chosen_epoch(one, figure) - 1] == max(values)
    assert chosen_epoch(one, "holdout_accuracy") == one.result["chosen_epoch"]
    assert chosen_epoch(one, None) == len(one.epochs)


def test_the_table_has_every_rule_and_agrees_with_the_records_on_the_chosen_epoch(runs):
    text = selection_table(runs)
    baseline = cells(text, "cross_entropy")
    own = [one for one in runs if one.name.startswith("baseline-")]
    assert baseline[4] == ", ".join(str(one.result["chosen_epoch"]) for one in own)
    mean = sum(one.result["chosen_accuracy_tta"] for one in own) / len(own)
    assert baseline[5].startswith(f"{100 * mean:.2f} ± ")
    eac = cells(text, "eac")
    assert "[+3.42 (+2.31 to +4.53)]" in eac[5]
    assert eac[-1] == "disgust (3), contempt (3)"
    assert baseline[-1] == "none"


def test_without_held_out_images_there_is_nothing_to_choose_by(tmp_path, write_run):
    for method in ("cross_entropy", "eac"):
        write_run(tmp_path, method=method)
    with pytest.raises(ReportError, match="with --holdout"):
        selection_table(list(read_runs(tmp_path).runs))
