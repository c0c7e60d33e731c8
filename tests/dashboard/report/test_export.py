"""The static report."""

import json
import os
import re
import subprocess
import sys
from html import unescape

import pytest

from dashboard.analysis.map_process import MapCache
from dashboard.data.names import read_folders
from dashboard.report import export as export_module
from dashboard.report.export import HtmlReportError, export, read_places, report_facts
from dashboard.report.maps import NO_TORCH
from dashboard.report.page import MAX_ROWS, render
from dashboard.report.part import Part
from dashboard.report.parts import PAGES, first_sentence
from tests.project import PROJECT

pytestmark = pytest.mark.slow


def run_export(python, *arguments, cwd=PROJECT):
    return subprocess.run(
        [python, "-m", "dashboard.report.export", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


@pytest.fixture(scope="module")
def runs(eight_records):
    return read_folders([eight_records])


@pytest.fixture(scope="module")
def page(runs):
    """The report on the eight records, without maps; read it only."""
    return export(runs)


def charts_in(page):
    found = re.findall(r'<script type="application/json" data-chart="[^"]+">(.*?)</script>', page)
    return [json.loads(text) for text in found]


def without_scripts(page):
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


@pytest.fixture
def call_export(monkeypatch, capsys):
    """``call_export(*arguments)``: what the command prints, in this process."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["export", *map(str, arguments)])
        export_module.main()
        return capsys.readouterr().out

    return call


@pytest.mark.usefixtures("maps_in_this_process")
def test_the_command_writes_one_file_with_every_chart(call_export, runs, eight_records, tmp_path):
    out = tmp_path / "report.html"
    assert call_export("--runs", eight_records, "--out", out) == f"{out}: 8 runs\n"
    page = out.read_text()
    assert re.findall(r'<img alt="([^"]+)" src="data:image/png', page) == [
        "All faces",
        "All classes for one face: synthetic neutral",
        "The face and its horizontal flip",
    ]
    assert not re.findall(r"\*\*|<h3>Maps of ", without_scripts(page))
    titles = [chart["layout"]["title"]["text"] for chart in charts_in(page)]
    parts = [part for make_parts in PAGES.values() for part in make_parts(runs)]
    assert titles == [part.figure.layout.title.text for part in parts if part.figure is not None]
    assert set(titles) >= {
        "Accuracy by label noise",
        "Loss",
        "Confusion matrix (%)",
        "Recall by class",
        "Options and accuracy",
        "Accuracy by year",
    }


def test_charts_of_the_last_epoch_and_of_corruption_say_what_their_intervals_are(runs):
    assert any(fact.startswith("Unless a chart says otherwise, ") for fact in report_facts(runs))
    texts = {part.heading: part.text for part in PAGES["Classes"](runs)}
    assert "Last epoch, with Wilson's 95 % intervals." in texts["Recall"]
    (first, *_) = PAGES["Robustness"](runs)
    assert "paired bootstrap" in first.text


def test_the_file_has_headline_date_and_sources(page):
    text = unescape(without_scripts(page))
    assert "At 30 % symmetric label noise, mobilenetv2_100 trained with EAC reaches 79.6 %" in text
    assert re.search(r"Created on \d{4}-\d\d-\d\d", text)
    assert "Run records from records: 8 finished." in text
    assert all(f">{title}</h2>" in text for title in PAGES)


def test_the_lead_names_the_measure_of_a_practitioner_and_which_eac(write_run, tmp_path):
    for seed in (0, 1):
        for method in ("eac", "cross_entropy"):
            write_run(tmp_path / "study", method=method, seed=seed, holdout=0.1)
            for rate in (0.0, 0.1, 0.2):  # more pairs, with less noise
                write_run(tmp_path / "older", method=method, seed=seed, rate=rate, epochs=9)
    lead = first_sentence(read_folders([tmp_path]))
    assert lead.startswith("At 30 % symmetric label noise, mobilenetv2_100 trained with EAC")
    assert "flip TTA in the epoch chosen on held-out images" in lead
    assert lead.endswith("EAC here: as in the paper: the labelled view is never flipped.")


def test_the_file_loads_nothing_from_elsewhere_and_holds_plotly_once(page):
    targets = re.findall(r"""(?:src|href|action)=["']?(.)""", without_scripts(page))
    assert set(targets) == {"#"}
    assert "url(" not in without_scripts(page)
    assert "@import" not in without_scripts(page)
    assert "default-src 'none'" in page
    assert page.count("* plotly.js v") == 1


def test_the_data_of_a_chart_is_below_it(runs, page):
    noise = PAGES["Noise robustness"](runs)[0]
    assert noise.table is not None
    table = page[page.index("<details>") : page.index("</details>")]
    assert table.count("<tr") == len(noise.table) + 1


def test_foreign_texts_cannot_break_out_of_the_page(tmp_path, write_run):
    name = "run <img src=x onerror=alert(1)>&"
    for seed in range(2):
        write_run(tmp_path, name=f"{name}{seed}", rate=0.3 * seed, backbone="</script><b>")
    page = export(read_folders([tmp_path]))
    assert "<img" not in page.split("<script>")[0]
    assert "</script><b>" not in page
    assert any("</script><b>" in json.dumps(chart) for chart in charts_in(page))


def test_the_maps_are_left_out_on_request(call_export, eight_records, tmp_path):
    out = tmp_path / "report.html"
    call_export("--runs", eight_records, "--out", out, "--no-maps")
    assert "Attention maps" not in out.read_text()


def test_maps_that_cannot_be_made_are_a_sentence_in_the_report(records, monkeypatch):
    monkeypatch.setattr("dashboard.report.maps.can_make_maps", lambda: False)
    assert NO_TORCH in unescape(export(read_folders([records]), MapCache()))


def test_a_model_that_fails_is_named_in_the_report(records, tmp_path, monkeypatch):
    monkeypatch.setattr("dashboard.report.maps.model_choices", lambda _: {"gone": tmp_path / "no"})
    assert "<h3>Maps of gone</h3>" in export(read_folders([records]), MapCache())


def test_a_long_table_is_cut_and_says_so():
    import pandas as pd

    rows = pd.DataFrame({"value": range(MAX_ROWS + 1)})
    page = render("title", "lead", [], {"page": [Part("rows", table=rows)]})
    assert f"The first {MAX_ROWS} of {MAX_ROWS + 1:,} rows." in page


def test_unfinished_and_broken_records_are_counted(tmp_path, write_run):
    write_run(tmp_path, done=2, status="running")
    (write_run(tmp_path, name="broken") / "run.json").write_text("{")
    runs = read_folders([tmp_path])
    facts = " ".join(report_facts(runs))
    assert "1 running" in facts
    assert "1 record could not be read" in facts
    assert "There are no records for this page yet." in export(runs)


def test_a_bad_folder_is_a_sentence(warm_python, tmp_path):
    done = run_export(
        warm_python, "--runs", str(tmp_path / "nowhere"), "--out", str(tmp_path / "x.html")
    )
    assert done.returncode == 1
    assert done.stderr == f"error: There is no folder `{tmp_path / 'nowhere'}`.\n"
    assert not (tmp_path / "x.html").exists()


def test_a_folder_without_records_is_a_sentence(tmp_path, write_run):
    with pytest.raises(HtmlReportError, match="no readable run record in"):
        read_places([str(tmp_path)])
    (write_run(tmp_path, name="broken") / "run.json").write_text("{")
    with pytest.raises(HtmlReportError, match=r"broken.*run\.json cannot be read"):
        read_places([str(tmp_path)])


def test_the_modules_of_the_report_need_neither_streamlit_nor_torch_nor_the_hub():
    code = (
        "import sys, dashboard.report.export; "
        "sys.exit(bool({'streamlit', 'torch', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False)
    assert done.returncode == 0
    assert export_module.PAGES is PAGES
