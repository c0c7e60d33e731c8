"""The page on classes, run without a browser."""

import json

import pytest

from fer_core.records.predictions import Prediction, write_predictions
from fer_core.records.published import SHIPPED_RUNS


def text_of(app):
    kinds = ("subheader", "caption", "info", "warning", "error", "code")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def charts(app):
    return [json.loads(item.proto.spec) for item in app.get("plotly_chart")]


def titles(app):
    return [chart["layout"]["title"]["text"] for chart in charts(app)]


def add_slices(path):
    run = json.loads((path / "run.json").read_text())
    groups = {"female": {"images": 50, "accuracy": 0.8}, "male": {"images": 50, "accuracy": 0.7}}
    run["result"]["slices"] = {"gender": groups}
    (path / "run.json").write_text(json.dumps(run))


@pytest.mark.slow
def test_the_shipped_runs_show_everything_but_groups(shown_page):
    app = shown_page("classes", SHIPPED_RUNS)
    assert not app.exception
    assert titles(app) == [
        "Confusion matrix (%)",
        "Difference (points)",
        "Recall by class",
        "Calibration",
    ]
    assert "These records have no groups" in text_of(app)
    assert "fer-core train --data rafdb:FOLDER" in text_of(app)
    assert app.dataframe[0].value["images"].tolist() == [3199, 3199]
    assert app.dataframe[0].value["n"].tolist() == [5, 5]
    assert "baseline: 5 seeds" in text_of(app)


def test_the_confusion_matrix_can_be_counted_or_normalised(open_page, eight_records):
    app = open_page("classes", eight_records)
    assert titles(app)[0] == "Confusion matrix (%)"
    app.toggle[0].set_value(False).run()
    assert titles(app)[0] == "Confusion matrix (predictions of all seeds)"
    assert "predictions of all seeds<extra>" in charts(app)[0]["data"][0]["hovertemplate"]


@pytest.mark.slow
def test_the_two_runs_of_the_difference_are_chosen(open_page, eight_records):
    app = open_page("classes", eight_records)
    assert (app.selectbox[0].value, app.selectbox[1].value) == ("EAC", "baseline")
    # EAC predicts 79 of 100 correctly, the baseline 62
    assert charts(app)[1]["data"][0]["text"][0][0] == "+17"
    app.selectbox[0].select("baseline").run()
    assert app.selectbox[1].value == "EAC"
    assert charts(app)[1]["data"][0]["text"][0][0] == "-17"


def test_the_view_can_be_set_by_the_address(open_page, eight_records):
    names = [
        f"{method} · mobilenetv2_100 · synthetic faces · clean labels · 6 epochs · seed 0"
        for method in ("EAC", "baseline")
    ]
    address = {"classes_run": names, "classes_matrix": "baseline", "classes_share": "false"}
    app = open_page("classes", eight_records, **address)
    assert not app.exception
    assert app.multiselect[0].value == names
    assert app.selectbox[0].value == "baseline"
    assert titles(app)[0] == "Confusion matrix (images)"


def test_links_with_the_former_name_of_the_baseline_still_open(open_page, eight_records):
    names = [
        f"{method} · mobilenetv2_100 · synthetic faces · clean labels · 6 epochs · seed 0"
        for method in ("EAC", "plain")
    ]
    app = open_page("classes", eight_records, classes_run=names, classes_matrix="plain")
    assert not app.exception
    assert app.multiselect[0].value == [name.replace("plain", "baseline") for name in names]
    assert app.selectbox[0].value == "baseline"


@pytest.mark.slow
def test_one_run_has_no_difference_and_none_is_a_sentence(open_page, records):
    app = open_page("classes", records)
    app.multiselect[0].set_value(app.multiselect[0].value[:1]).run()
    assert not app.exception
    assert "Choose a second run" in text_of(app)
    assert "Difference (points)" not in titles(app)
    app.multiselect[0].set_value([]).run()
    assert "Choose at least one run" in text_of(app)


@pytest.mark.slow
def test_runs_of_other_classes_or_images_are_not_subtracted_silently(
    open_page, tmp_path, write_run
):
    for name in ("one", "two"):
        write_run(tmp_path, name=name, backbone=name)
    run = json.loads((tmp_path / "two" / "run.json").read_text())
    run["result"]["confusion"][0][0] += 1
    (tmp_path / "two" / "run.json").write_text(json.dumps(run))
    app = open_page("classes", tmp_path)
    app.multiselect[0].set_value(app.multiselect[0].options).run()
    assert "evaluated on different images" in text_of(app)
    run["classes"][0] = "calm"
    (tmp_path / "two" / "run.json").write_text(json.dumps(run))
    app.run()
    assert not app.exception
    assert "different classes" in text_of(app)


@pytest.mark.slow
def test_runs_without_predictions_say_so_and_the_others_have_their_curve(open_page, records):
    app = open_page("classes", records, classes_seeds="single runs")
    assert "EAC: no predictions.csv" in text_of(app)
    assert "Calibration" not in titles(app)
    folder = records / "eac-mobilenetv2_100-30-s0"
    write_predictions(folder, [Prediction(f"{i}.png", 0, i % 2, 0.6) for i in range(10)])
    app.run()
    assert "baseline: no predictions.csv" in text_of(app)
    assert "Calibration" in titles(app)
    assert app.dataframe[0].value["ece"].tolist() == [pytest.approx(10)]


@pytest.mark.slow
def test_single_runs_are_shown_on_demand(open_page, eight_records):
    app = open_page("classes", eight_records, classes_seeds="single runs")
    assert not app.exception
    assert all("seed" in name for name in app.multiselect(key="classes_run").value)


def test_groups_of_people_have_a_chart_an_attribute(open_page, records):
    add_slices(records / "eac-mobilenetv2_100-30-s0")
    app = open_page("classes", records)
    assert not app.exception
    assert titles(app)[-1] == "Accuracy by gender"


def test_groups_that_cannot_be_read_are_named_and_the_rest_is_shown(open_page, records):
    file = records / "eac-mobilenetv2_100-30-s0" / "run.json"
    run = json.loads(file.read_text())
    run["result"]["slices"] = {"gender": 3}
    file.write_text(json.dumps(run))
    app = open_page("classes", records)
    assert not app.exception
    assert "the slices of eac-mobilenetv2_100-30-s0 cannot be read" in text_of(app)
    assert "Recall by class" in titles(app)


def test_running_and_failed_runs_are_not_offered(open_page, records, write_run):
    write_run(records, name="running", rate=0.5, done=2, status="running")
    write_run(records, name="failed", rate=0.6, done=2, status="failed")
    assert (
        len(open_page("classes", records, classes_seeds="single runs").multiselect[0].options) == 8
    )


def test_the_caption_of_runs_that_share_nothing_has_no_empty_place(
    open_page, tmp_path, write_run, monkeypatch
):
    captions = []
    monkeypatch.setattr(
        "dashboard.views.widgets.show_chart", lambda *_, caption="", **__: captions.append(caption)
    )
    other = {"method": "cross_entropy", "backbone": "test_resnet", "epochs": 9, "image_size": 64}
    write_run(tmp_path)
    write_run(tmp_path, rate=0.0, seed=1, data="ferplus", **other)
    labels = (
        "EAC · mobilenetv2_100 · synthetic faces · 30 % noise · 6 epochs · seed 0",
        "baseline · test_resnet · FERPlus · clean labels · 9 epochs · seed 1",
    )
    assert not open_page("classes", tmp_path, classes_run=labels).exception
    assert any(caption.startswith("Recall by class. Last epoch. ") for caption in captions)
