"""The page on robustness, run without a browser."""

import io
import json

import pandas as pd
import pytest
import streamlit as st

from dashboard.charts.robustness import MOST_MODELS


@pytest.fixture(autouse=True)
def _nothing_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr("dashboard.data.robustness.WEIGHTS", tmp_path / "no weights")


@pytest.fixture
def two_models(tmp_path, write_run, write_robustness):
    """A runs folder with a measured run, and the bundled model beside it."""
    run = write_run(tmp_path, name="camera")
    write_robustness(run / "robustness.json", "camera", step=0.04)
    write_robustness(tmp_path / "bundled.json", "bundled")
    return tmp_path


@pytest.fixture
def saved(monkeypatch):
    """File name -> content of the downloads of the page."""
    files = {}

    def note(label, data, *, file_name, **_):
        files[file_name] = data().decode() if callable(data) else data

    monkeypatch.setattr(st, "download_button", note)
    return files


def text_of(app):
    kinds = ("markdown", "caption", "info", "warning", "code")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def charts(app):
    return [json.loads(item.proto.spec) for item in app.get("plotly_chart")]


def lines(chart):
    return [trace for trace in chart["data"] if trace["mode"] == "lines+markers"]


def titles(app):
    return [chart["layout"]["title"]["text"] for chart in charts(app)]


def choose(app, key, value):
    group = next(item for item in app.get("button_group") if item.key == key)
    return group.set_value(value).run()


@pytest.mark.slow
def test_two_measured_models_have_a_headline_and_a_chart_for_each_corruption(open_page, two_models):
    app = open_page("robustness", two_models)
    assert not app.exception
    text = text_of(app)
    assert "accuracy models lose on corrupted images" in text
    assert (
        "Noise at 25 (standard deviation, grey levels) costs bundled (flip TTA) the most accuracy: "
        "30.0 points (95 % interval 28.0 to 32.0), from 88.0 to 58.0 %"
    ) in text
    assert "camera (flip TTA) 82.0 %; bundled (flip TTA) 73.0 %" in text
    assert titles(app) == ["Noise", "JPEG"]
    assert [line["name"] for line in lines(charts(app)[0])] == [
        "bundled (flip TTA)",
        "camera (flip TTA)",
    ]
    summary, figures = (table.value for table in app.dataframe)
    assert summary["worst_at"].tolist() == ["noise 25", "noise 25"]
    assert len(figures) == 2 * (1 + 3 + 3)


@pytest.mark.parametrize(
    ("measure", "column"),
    [
        ("Accuracy", "accuracy"),
        ("Mean class accuracy", "mean_class_accuracy"),
        ("ECE", "ece"),
        ("Mean confidence", "confidence"),
    ],
)
@pytest.mark.slow
def test_the_csv_holds_what_the_charts_draw(open_page, two_models, saved, measure, column):
    app = open_page("robustness", two_models, robustness_measure=measure)
    app.session_state["copy-robustness"] = True
    app.session_state["copy-format-robustness"] = "CSV"
    app.run()
    assert not app.exception
    table = pd.read_csv(io.StringIO(saved["robustness.csv"]))
    for chart, kind in zip(charts(app), ("noise", "jpeg"), strict=True):
        for line in lines(chart):
            rows = table[(table["model"] == line["name"]) & (table["kind"] == kind)]
            assert _numbers(line["x"]) == rows["level"].tolist()
            assert _numbers(line["y"]) == pytest.approx(rows[column].tolist())
            clean = table[(table["model"] == line["name"]) & (table["level"] == 0)]
            (dashed,) = (t for t in chart["data"] if t["name"] == f"{line['name']}, clean")
            assert _numbers(dashed["y"]) == pytest.approx([clean[column].item()] * 2)
            bands = [t for t in chart["data"] if t["name"] == f"{line['name']}, 95 % interval"]
            assert len(bands) == (1 if column == "accuracy" else 0)
            for band in bands:
                ends = [*rows["high"], *rows["low"].iloc[::-1]]
                assert _numbers(band["y"]) == pytest.approx(ends)
        assert chart["layout"]["xaxis"]["ticktext"] == [
            f"{strength:g}" for strength in rows["strength"]
        ]


def test_models_corruptions_and_measure_can_be_set_by_the_address(open_page, two_models):
    app = open_page(
        "robustness",
        two_models,
        robustness_model="camera (flip TTA)",
        robustness_kind="JPEG",
        robustness_measure="ECE",
    )
    assert not app.exception
    assert titles(app) == ["JPEG"]
    assert [line["name"] for line in lines(charts(app)[0])] == ["camera (flip TTA)"]
    assert charts(app)[0]["layout"]["yaxis"]["title"]["text"] == "ECE (%)"
    assert "camera (flip TTA) is worst calibrated under JPEG at 5 (" in text_of(app)
    app = choose(app, "robustness_measure", "Mean confidence")
    assert "camera (flip TTA) is most overconfident under JPEG at 5 (" in text_of(app)


@pytest.mark.slow
def test_a_model_keeps_its_colour_whatever_else_is_chosen(open_page, two_models):
    both = lines(charts(open_page("robustness", two_models))[0])
    alone = open_page("robustness", two_models, robustness_model="camera (flip TTA)")
    assert lines(charts(alone)[0])[0]["marker"] == both[1]["marker"]


def test_another_sample_is_another_comparison(open_page, two_models, write_robustness):
    write_robustness(two_models / "later.json", "later", seed=7)
    app = open_page("robustness", two_models)
    names = app.selectbox(key="robustness_sample").options
    assert [name.split(" · ")[1] for name in names] == [
        "300 of 3,199 images, seed 0",
        "300 of 3,199 images, seed 7",
    ]
    assert len(lines(charts(app)[0])) == 2
    app.selectbox(key="robustness_sample").select_index(1).run()
    assert not app.exception
    assert [line["name"] for line in lines(charts(app)[0])] == ["later (flip TTA)"]
    linked = open_page("robustness", two_models, robustness_sample=names[1])
    assert [line["name"] for line in lines(charts(linked)[0])] == ["later (flip TTA)"]


def test_without_a_measured_model_the_command_is_shown(open_page, eight_records):
    app = open_page("robustness", eight_records)
    assert not app.exception
    assert "No model has been measured" in text_of(app)
    assert "--robustness --json runs/RUN/robustness.json" in text_of(app)
    assert charts(app) == []


def test_a_broken_file_is_a_sentence_beside_the_others(open_page, two_models):
    whole = (two_models / "bundled.json").read_text()
    (two_models / "cut_off.json").write_text(whole[:500])
    app = open_page("robustness", two_models)
    assert not app.exception
    (warning,) = app.warning
    assert "/cut\\_off.json is not a readable JSON file" in warning.value
    assert len(charts(app)) == 2


def test_a_broken_file_alone_is_a_sentence_above_the_empty_state(open_page, tmp_path):
    (tmp_path / "robustness.json").write_text("[]")
    app = open_page("robustness", tmp_path)
    assert not app.exception
    assert "robustness.json" in app.warning[-1].value
    assert "No model has been measured" in text_of(app)


@pytest.mark.slow
def test_more_models_than_colours_are_chosen_from(open_page, tmp_path, write_robustness):
    for number in range(MOST_MODELS + 2):
        write_robustness(tmp_path / f"{number}.json", f"model {number}", clean=0.9 - number / 100)
    app = open_page("robustness", tmp_path)
    assert not app.exception
    assert len(app.multiselect(key="robustness_model").options) == MOST_MODELS + 2
    names = [line["name"] for line in lines(charts(app)[0])]
    assert names == [f"model {number} (flip TTA)" for number in range(MOST_MODELS)]
    assert len({line["line"]["color"] for line in lines(charts(app)[0])}) == MOST_MODELS
    app.multiselect(key="robustness_model").set_value(["model 7 (flip TTA)"]).run()
    assert [line["name"] for line in lines(charts(app)[0])] == ["model 7 (flip TTA)"]


def test_names_in_a_file_are_shown_as_they_are(open_page, tmp_path, write_robustness):
    write_robustness(tmp_path / "a.json", "<b>*x*</b> $y$ %{y}")
    app = open_page("robustness", tmp_path)
    assert not app.exception
    (line,) = lines(charts(app)[0])
    assert line["name"] == "&lt;b&gt;*x*&lt;/b&gt; $y$ %{y} (flip TTA)"
    assert line["hovertemplate"] == "%{text}<extra></extra>"
    assert "\\<b\\>\\*x\\*" in text_of(app)


def _numbers(values):
    """Plotly's JSON of an array: a list, or typed bytes."""
    if isinstance(values, list):
        return values
    import base64

    import numpy as np

    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()


@pytest.mark.slow
def test_the_corruptions_that_cost_most_are_drawn_first_and_all_on_request(
    open_page, tmp_path, write_run, write_robustness
):
    write_run(tmp_path)
    report = json.loads(write_robustness(tmp_path / "camera.json", kinds=("noise",)).read_text())
    kinds = report["model"]["robustness"]["kinds"]
    mild = json.loads(json.dumps(kinds["noise"]))
    for level in mild["levels"]:
        level["lost"] = {"value": 0.01, "interval": [0.0, 0.02]}
    for number in range(7):
        kinds[f"mild {number}"] = mild
    (tmp_path / "camera.json").write_text(json.dumps(report))
    app = open_page("robustness", tmp_path)
    assert not app.exception
    assert len(charts(app)) == 6
    assert titles(app)[0] == "Noise"
    app = open_page("robustness", tmp_path, robustness_all="true")
    assert len(charts(app)) == 8
