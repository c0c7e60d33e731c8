import json
import re
import shutil

import pytest

from fer_core.cli import report
from fer_core.records.published import SHIPPED_RUNS
from fer_core.records.run import read_run
from fer_core.reporting.blocks import ReportError, fill, orders
from tests.project import PROJECT

PAGES = ("README.md", "docs/experiments.md", "docs/training.md")
RATIO = re.compile(
    r"\d(?: \([^)]*\))? times\b|(?:twice|thrice) as (?:fast|long)|% (?:faster|slower)"
    r"|\d[x\u00d7](?!\d)"
)
PAGE = """# A page
<!-- report: runs one-* -->
old
<!-- end of report -->
Text of 12.5 %.
"""


@pytest.fixture
def records(write_run, tmp_path):
    """Pairs of the plain model and EAC: three seeds at 30 % noise, one without."""
    folder = tmp_path / "records"
    for seed, plain, eac in ((0, 0.70, 0.74), (1, 0.72, 0.75), (2, 0.71, 0.76)):
        write_run(folder / "study", method="cross_entropy", seed=seed, accuracy=plain)
        write_run(folder / "study", method="eac", seed=seed, accuracy=eac)
    write_run(folder / "study", method="cross_entropy", rate=0.0, accuracy=0.80)
    write_run(folder / "study", method="eac", rate=0.0, accuracy=0.79)
    write_run(folder / "study", method="cross_entropy", seed=9, accuracy=0.10)  # has no counterpart
    return folder


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "page.md"
    file.write_text(PAGE.replace("runs one-*", "noise study/*"))
    return file


@pytest.mark.slow
def test_every_table_of_the_project_is_what_its_records_say(call_command):
    pages = [PROJECT / name for name in PAGES]
    folders = ("--records", SHIPPED_RUNS, "--benchmarks", PROJECT / "benchmarks" / "results")
    code, output, _ = call_command(report, "--check", *folders, "--pages", *pages)
    assert code == 0, code
    assert len(output.splitlines()) == len(pages)


def test_without_a_page_or_a_table_there_is_nothing_to_do(call_command):
    assert call_command(report)[0] == (
        "error: name Markdown files with --pages, or a table with --show"
    )


def test_no_accuracy_in_readme_stands_outside_of_a_block():
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert len(orders(text)) >= 2
    outside = re.sub(r"<!-- report:.*?<!-- end of report -->", "", text, flags=re.S)
    assert re.findall(r"\b\d\d\.\d\d\b|\d\.\d+ ?%|\d\.\d+ points", outside) == []


@pytest.mark.parametrize("name", ["README.md", "docs/training.md"])
def test_no_ratio_of_speed_stands_outside_of_a_block(name):
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert any(order.startswith("speed ") for order in orders(text))
    outside = re.sub(r"<!-- report:.*?<!-- end of report -->", "", text, flags=re.S)
    assert RATIO.findall(outside) == []


@pytest.mark.parametrize(
    "said", ["2.1 times as fast", "2.5 and 2.8 times", "1.4 (ResNet-50) times as", "twice as fast",
             "takes 2.9 times as long", "30 % faster", "1.48x", "3\u00d7 faster"]
)  # fmt: skip
def test_a_ratio_of_speed_is_recognised(said):
    assert RATIO.findall(said)


def test_baseline_and_eac_are_in_one_row_with_their_paired_difference(records):
    table = report.make_table("noise study/*", records)
    rows = [line.split(" | ") for line in table.splitlines() if "px" in line]
    clean, noisy = rows
    assert clean[1:6] == ["none added", "0", "80.00", "79.00", "-1.00 (one seed)"]
    assert noisy[1:5] == ["30 % symmetric", "0, 1, 2", "71.00 ± 1.00", "75.00 ± 1.00"]
    # gaps 4, 3, 5: mean 4, standard deviation 1, t(0.975, 2) = 4.303
    assert noisy[5] == "+4.00 (+1.52 to +6.48)"
    assert noisy[6] == "-10.00 / -5.00 (n = 1)"  # of seed 0, the one with clean runs
    assert "8 runs on cpu" in table
    assert "never the best one" in table


@pytest.mark.parametrize("name", ["", "-classes"])
@pytest.mark.slow
def test_blocks_of_the_bundled_model_are_written_under_their_former_name(name, tmp_path):
    table = report.make_table(f"bundled{name}", tmp_path)
    assert report.make_table(f"embedded{name}", tmp_path) == table


def test_runs_that_differ_in_another_option_are_no_pair(write_run, tmp_path):
    write_run(tmp_path, method="cross_entropy", learning_rate=1e-3)
    write_run(tmp_path, method="eac")
    with pytest.raises(ReportError, match="no finished cross_entropy run has an eac run"):
        report.make_table("noise *", tmp_path)


def test_pairs_of_other_options_of_eac_are_told_apart(write_run, tmp_path):
    write_run(tmp_path, name="plain", method="cross_entropy")
    for weight in (1.0, 5.0):
        write_run(tmp_path, name=f"eac{weight}", consistency_weight=weight)
    table = report.make_table("noise *", tmp_path)
    assert "| 30 % symmetric, consistency weight 1.0 | 0 |" in table
    assert "| 30 % symmetric | 0 |" in table  # weight 5, the default


def test_rows_of_one_method_name_the_options_off_their_default_in_which_they_differ(
    write_run, tmp_path
):
    write_run(tmp_path, name="one", consistency_weight=1.0)
    write_run(tmp_path, name="five", consistency_weight=5.0)
    write_run(tmp_path, name="plain", method="cross_entropy")
    table = report.make_table("runs *", tmp_path)
    assert "eac, consistency weight 1.0 |" in table
    assert "| eac |" in table
    assert "cross_entropy |" in table


def test_several_patterns_name_the_runs_of_one_table_and_each_must_match(write_run, tmp_path):
    for name, method in (("a-1", "eac"), ("b-1", "cross_entropy"), ("c-1", "gce")):
        write_run(tmp_path, name=name, method=method)
    table = report.make_table("runs b-* a-* a-1", tmp_path)
    assert [row.split(" | ")[1] for row in table.splitlines()[2:4]] == ["cross_entropy", "eac"]
    assert "2 runs" in table
    assert "gce" not in table
    with pytest.raises(ReportError, match=r"no run record matches 'd-\*'"):
        report.make_table("runs a-* d-*", tmp_path)


@pytest.mark.parametrize(
    ("epochs", "said"),
    [
        ((6, 5), "the last 5 epochs, never"),
        ((6, 4), "the last 5 epochs (all 4 of a shorter run), never"),
        ((4, 2), "the last 5 epochs (all 2 or 4 of a shorter run), never"),
    ],
)
def test_the_mean_of_a_short_run_says_how_many_epochs_it_has(write_run, tmp_path, epochs, said):
    for number in epochs:
        write_run(tmp_path, name=f"{number}", epochs=number)
    assert said in report.make_table("runs *", tmp_path)


def test_published_results_of_the_same_conditions_stand_beside_ours(write_run, tmp_path):
    for method, accuracy in (("eac", 0.7777), ("cross_entropy", 0.6666)):
        options = {"data": "rafdb", "backbone": "mobilenetv2_100.ra_in1k"}
        write_run(tmp_path, name=method, method=method, accuracy=accuracy, **options)
    table = report.make_table("published *", tmp_path)
    rows = [line for line in table.splitlines() if line.startswith("| 30 %")]
    assert ["**66.66**" in row or "**77.77**" in row for row in rows[:2]] == [True, True]
    assert ["62.48" in row and "primary" in row for row in rows].count(True) == 1  # the EAC paper
    assert all("MobileNetV2" in row for row in rows[2:])


def test_a_page_is_written_once_and_then_agrees(call_command, records, page):
    command = ("--records", records, "--pages", page)
    code, _, _ = call_command(report, *command, "--check")
    assert "page.md out of date" in code
    assert "old" in page.read_text()
    assert call_command(report, *command)[0] == 0
    written = page.read_text()
    assert "old" not in written
    assert "Text of 12.5 %." in written
    assert call_command(report, *command, "--check")[0] == 0
    assert page.read_text() == written


def test_a_table_can_be_shown_without_writing(call_command, records, page):
    before = page.read_text()
    code, output, _ = call_command(report, "--show", "runs", "--records", records)
    assert code == 0
    assert output.count("| eac |") == 2
    code, _, _ = call_command(report, "--show", "runs", "--records", records, "--pages", page)
    assert "leave out --pages" in code
    code, _, _ = call_command(report, "--only", "a*", "--records", records, "--pages", page)
    assert "--only chooses the records of one table" in code
    assert page.read_text() == before


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("noise nothing-*", "no run record matches 'nothing-*'"),
        ("noises *", "unknown table 'noises *'; known: bundled"),
        ("noise", "unknown table 'noise'"),
    ],
)
def test_an_order_that_cannot_be_carried_out_is_one_error(call_command, records, page, order, said):
    page.write_text(PAGE.replace("runs one-*", order))
    code, _, _ = call_command(report, "--records", records, "--pages", page)
    assert code.startswith("error: ")
    assert said in code
    assert "old" in page.read_text()


def test_a_record_that_lacks_what_a_table_needs_is_one_error(call_command, records):
    file = next((records / "study").rglob("run.json"))
    run = json.loads(file.read_text())
    del run["config"]["image_size"]
    file.write_text(json.dumps(run))
    code, _, _ = call_command(report, "--show", "runs", "--records", records)
    assert "a record lacks or misstates 'image_size'" in code


def test_a_run_that_a_later_one_repeats_is_named(call_command, write_run, records, caplog):
    write_run(records / "study", name="again", method="eac", seed=0)
    call_command(report, "--show", "runs", "--records", records)
    assert caplog.text.count("leaves out study/") == 1


def test_a_block_that_is_not_closed_is_refused():
    with pytest.raises(ReportError, match="make 0 blocks"):
        fill("<!-- report: runs * -->\n", str)


def test_an_absent_page_is_named(call_command, tmp_path):
    code, _, _ = call_command(report, "--pages", tmp_path / "nothing.md")
    assert code.startswith("error: ")
    assert "nothing.md" in code


def test_a_running_run_is_no_figure(write_run, tmp_path):
    folder = write_run(tmp_path, status="running")
    assert read_run(folder).status == "running"
    with pytest.raises(ReportError, match="none of the runs is finished"):
        report.make_table("runs *", tmp_path)
    shutil.rmtree(folder)


def test_maps_are_those_of_records_with_a_file_and_of_the_bundled_model(
    records, page, write_maps, call_command
):
    folder = records / "study" / "eac-mobilenetv2_100-30-s0"
    write_maps(folder / "maps.json", "mine")
    page.write_text(PAGE.replace("runs one-*", "maps bundled study/*"))
    code, _, _ = call_command(report, "--pages", page, "--records", records)
    assert code == 0
    names = [line.split(" ")[1] for line in page.read_text().splitlines() if line.startswith("| ")]
    assert names == ["model", "---", "bundled", "mine"]
    page.write_text(PAGE.replace("runs one-*", "all-maps nothing/*"))
    code, _, _ = call_command(report, "--pages", page, "--records", records)
    assert "no run record with a maps.json matches 'nothing/*'" in code
