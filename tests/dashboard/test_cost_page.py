"""The page on cost, run without a browser."""

import json
import re

import pytest

from fer_core.records.published import SHIPPED_RUNS


def text_of(app):
    kinds = ("markdown", "caption", "info", "warning", "code", "subheader")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def charts(app):
    return [json.loads(item.proto.spec) for item in app.get("plotly_chart")]


@pytest.mark.slow
def test_the_shipped_runs_have_a_chart_a_table_and_the_speeds(shown_page):
    app = shown_page("cost", SHIPPED_RUNS)
    assert not app.exception
    assert [chart["layout"]["title"]["text"] for chart in charts(app)] == ["Accuracy by run time"]
    points, demo, training = (table.value for table in app.dataframe)
    assert {"24.4", "not recorded"} <= set(points["macs"])  # earlier versions recorded none
    averages = points[points["approach"].str.fullmatch("baseline.* ema decay 0.999")]
    plain = averages.set_index("n").loc[5]
    assert plain["shared"] == 5
    low, high = map(float, plain["gap_interval"].split(" to "))
    assert low < plain["gap"] < high
    assert "88.0" in demo["figure"].tolist()
    assert len(training) > len(demo)


def test_where_no_run_recorded_multiply_adds_the_page_says_so(shown_page, eight_records):
    app = shown_page("cost", eight_records)
    assert len(charts(app)) == 1
    assert "none of these runs recorded them" in text_of(app)


def test_every_choice_can_be_set_by_the_address(shown_page, eight_records):
    address = {"cost_noise": "none", "cost_axis": "Parameters"}
    app = shown_page("cost", eight_records, **address)
    assert not app.exception
    assert app.selectbox(key="cost_noise").value == "none"
    assert charts(app)[0]["layout"]["title"]["text"] == "Accuracy by parameters"


@pytest.mark.slow
def test_accuracy_is_that_of_the_chosen_measure_and_what_lacks_it_is_counted(shown_page):
    name = "Chosen epoch, flip TTA"
    app = shown_page("cost", SHIPPED_RUNS, cost_measure=name)
    assert not app.exception
    (chart,) = charts(app)
    assert chart["layout"]["title"]["text"] == "Accuracy, chosen epoch, flip TTA, by run time"
    assert "accuracy with flip TTA in the epoch chosen on held-out images by" in text_of(app)
    left_out = re.search(r"(\d+) of (\d+) runs are left out", text_of(app))
    drawn = app.dataframe[0].value["n"].sum()
    assert int(left_out[2]) - int(left_out[1]) == drawn > 0


def test_a_size_and_epochs_that_no_approach_has_are_a_sentence(open_page, tmp_path, write_run):
    write_run(tmp_path, epochs=6)
    write_run(tmp_path, epochs=9, image_size=64, name="larger")
    address = {"cost_image_size": ["64"], "cost_epochs_asked": ["6"]}
    app = open_page("cost", tmp_path, **address)
    assert not app.exception
    assert "No approach has this image size and this number of epochs." in text_of(app)
    assert "recorded" not in " ".join(item.value for item in app.info)
    assert charts(app) == []


def test_the_caption_of_clean_labels_says_so(open_page, tmp_path, write_run, monkeypatch):
    captions = []
    monkeypatch.setattr(
        "dashboard.views.widgets.show_chart", lambda *_, caption="", **__: captions.append(caption)
    )
    write_run(tmp_path, rate=0.0)
    assert not open_page("cost", tmp_path).exception
    assert "classes, clean labels. Bars" in captions[0]


def test_multiply_adds_that_nobody_recorded_are_a_sentence(shown_page, eight_records):
    app = shown_page("cost", eight_records, cost_axis="MACs")
    assert not app.exception
    assert charts(app) == []
    assert "none of these runs recorded them" in text_of(app)


def test_without_a_finished_run_the_speeds_are_still_there(open_page, tmp_path, write_run):
    write_run(tmp_path, done=2, status="running")
    app = open_page("cost", tmp_path)
    assert not app.exception
    assert "fer-core train" in text_of(app)
    assert len(app.dataframe) == 2


def test_runs_that_do_not_know_their_size_are_counted(open_page, tmp_path, write_run):
    write_run(tmp_path)
    path = write_run(tmp_path, method="cross_entropy")
    record = json.loads((path / "run.json").read_text())
    del record["model"]["parameters"]
    (path / "run.json").write_text(json.dumps(record))
    app = open_page("cost", tmp_path, cost_axis="Parameters")
    assert not app.exception
    assert "1 of 2 approaches does not record it" in text_of(app)


@pytest.mark.slow
def test_changing_the_test_images_changes_the_choice_of_noise(open_page, records, write_run):
    write_run(records, data="ferplus", content="b" * 64, rate=0.2, name="other")
    app = open_page("cost", records, cost_noise="none")
    app.selectbox(key="cost_data").select("FERPlus · 7 classes").run()
    assert not app.exception
    assert app.selectbox(key="cost_noise").value == "20 % symmetric"
