"""Pages of the report: robustness, label audits and the results table, from made-up records."""

import re

import pandas as pd
import pytest

from dashboard.charts.robustness import MOST_MODELS
from dashboard.data.names import read_folders
from dashboard.report.audit import MOST_IMAGES, audit_parts
from dashboard.report.page import PRINTED_ROWS, STYLE, render
from dashboard.report.part import Part, number, part_table
from dashboard.report.published import published_parts
from dashboard.report.results import result_parts
from dashboard.report.robustness import MOST_CHARTS, robustness_parts
from fer_core.audit.folder import FACTS_FILE, write_audit
from tests.dashboard.made_audits import make_audit


@pytest.mark.slow
def test_robustness_has_the_models_and_the_corruptions_that_cost_most(
    tmp_path, write_run, write_robustness
):
    write_run(tmp_path)
    kinds = ("noise", "jpeg", "blur")
    write_robustness(tmp_path / "camera.json", "camera", kinds=kinds)
    parts = robustness_parts(read_folders([tmp_path]))
    own = [part for part in parts if "300 of 3,199 images" in part.heading]
    assert "camera" in own[0].table["model"].item()
    assert len([part for part in own if part.figure is not None]) == min(len(kinds), MOST_CHARTS)


def test_an_audit_has_its_figures_and_the_first_images_by_name_alone(tmp_path, write_run):
    write_run(tmp_path)
    write_audit(tmp_path / "audit-faces", make_audit())
    parts = audit_parts(read_folders([tmp_path]))
    assert "labels are flagged" in parts[0].text
    assert not any(part.image for part in parts)
    assert len(parts[-1].table) <= MOST_IMAGES
    assert {"image", "suggested_label"} <= set(parts[-1].table.columns)


def test_a_broken_audit_is_a_sentence(tmp_path, write_run):
    write_run(tmp_path)
    write_audit(tmp_path / "audit-faces", make_audit())
    (tmp_path / "audit-faces" / FACTS_FILE).write_text("{")
    (part,) = audit_parts(read_folders([tmp_path]))
    assert part.text.endswith(".")
    assert part.table is None


@pytest.mark.slow
def test_the_results_table_is_offered_as_latex(eight_records):
    (part,) = result_parts(read_folders([eight_records]))
    page = render("title", "lead", [], {"Results table": [part]})
    assert r"\toprule" in page
    assert "± " in page
    assert '<th scope="col"><button type="button">Method</button></th>' in page


def test_columns_have_the_titles_and_decimals_of_their_page():
    table = pd.DataFrame({"accuracy_percent": [79.04], "noise_rate": [0.123456]})
    texts = part_table(Part("one", table=table, columns={"accuracy_percent": number("Acc.", 1)}))
    assert texts.header == ("Acc.", "Noise rate")
    assert [cell.text for cell in texts.rows[0]] == ["79.0", "0.1235"]


def test_a_folded_table_is_in_a_fold_and_not_printed():
    part = Part("speeds", table=pd.DataFrame({"figure": [1]}), folded=True)
    page = render("title", "lead", [], {"Cost": [part]})
    assert '<section class="part wide screen">' in page
    assert "<details><summary>The table</summary>" in page


def kinds_of(part):
    """The classes of the section of a block."""
    page = render("title", "lead", [], {"page": [part]})
    return set(re.search(r'<section class="([^"]+)">', page)[1].split())


def test_paper_has_the_first_rows_of_a_long_table_and_says_how_many_more():
    rows = pd.DataFrame({"value": range(PRINTED_ROWS + 3)})
    page = render("title", "lead", [], {"page": [Part("rows", table=rows)]})
    assert '<p class="paper">3 more rows in the file.</p>' in page
    assert f".part:not(.whole) tbody tr:nth-child(n + {PRINTED_ROWS + 1})" in STYLE.read_text()
    whole = render("title", "lead", [], {"page": [Part("rows", table=rows, whole=True)]})
    assert "in the file." not in whole
    assert "whole" in kinds_of(Part("rows", table=rows, whole=True))
    one = [Part("rows", table=rows.head(PRINTED_ROWS + 1))]
    assert "1 more row in the file." in render("title", "lead", [], {"page": one})
    short = render("title", "lead", [], {"page": [Part("rows", table=rows.head(PRINTED_ROWS))]})
    assert "in the file." not in short


def test_blocks_take_as_much_of_a_printed_page_as_they_need():
    few = pd.DataFrame({"method": ["EAC"], "accuracy": [79.0]})
    many = pd.DataFrame([{f"column number {number}": "text" for number in range(9)}])
    assert "narrow" in kinds_of(Part("few", table=few))
    assert not kinds_of(Part("many", table=many)) & {"narrow", "short"}
    assert "short" in kinds_of(Part("sentence", "EAC takes twice as long."))
    assert not kinds_of(Part("long", "word " * 100)) & {"narrow", "short"}


def test_what_is_of_use_on_a_screen_alone_is_not_printed():
    assert "screen" in kinds_of(Part("parallel", "drag the axes", screen=True))
    page = render("title", "lead", [], {"Label audit": []})
    assert re.search(r'<h2 class="screen"[^>]*>Label audit', page)
    assert '<p class="soft wide screen">There are no records' in page


def test_short_texts_stay_on_one_line_on_paper_where_the_line_has_room():
    table = pd.DataFrame(
        {"noise": ["30 % symmetric"], "source": ["results of the repository " * 2]}
    )
    page = render("title", "lead", [], {"page": [Part("runs", table=table)]})
    assert '<td class="s">30 % symmetric</td>' in page
    assert '<td class="s">results of' not in page
    crowded = pd.DataFrame([{f"column number {number}": "text" for number in range(12)}])
    assert 'class="s"' not in render("title", "lead", [], {"page": [Part("all", table=crowded)]})


def test_models_beyond_those_that_are_drawn_are_in_the_table(tmp_path, write_run, write_robustness):
    write_run(tmp_path)
    names = [f"camera {place}" for place in range(MOST_MODELS + 2)]
    for name in names:
        write_robustness(tmp_path / f"{name}.json", name)
    parts = robustness_parts(read_folders([tmp_path]))
    summary, *charts = [part for part in parts if "300 of 3,199 images" in part.heading]
    assert {name.partition(" (")[0] for name in summary.table["model"]} == set(names)
    assert f"The charts draw the first {MOST_MODELS} of {len(names)} models." in summary.text
    assert charts[0].table["model"].nunique() == MOST_MODELS


def test_the_data_of_a_published_chart_are_the_points_that_it_draws(eight_records):
    charts = [one for one in published_parts(read_folders([eight_records])) if one.figure]
    for chart in charts:
        assert len(chart.table) == sum(len(trace.x) for trace in chart.figure.data)
