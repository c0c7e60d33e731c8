"""The page of training curves, run without a browser."""

import base64
import json
import re

import numpy as np
import pytest

from dashboard.charts.style import distinct_colours
from fer_core.records.published import SHIPPED_RUNS


def text_of(app):
    kinds = ("caption", "info", "warning", "error")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def charts(app):
    return [json.loads(item.proto.spec) for item in app.get("plotly_chart")]


def titles(app):
    return [chart["layout"]["title"]["text"] for chart in charts(app)]


def epochs_drawn(trace):
    """The values along the horizontal axis; Plotly packs them."""
    return np.frombuffer(base64.b64decode(trace["x"]["bdata"]), trace["x"]["dtype"]).tolist()


def pills(app, key):
    return next(item for item in app.get("button_group") if item.key == key)


def test_the_page_starts_with_a_pair_and_the_curves_of_the_hust_report(shown_page, eight_records):
    app = shown_page("curves", eight_records)
    assert len(app.multiselect[0].value) == 2
    assert titles(app) == ["Loss", "Evaluation accuracy"]
    names = [trace["name"] for trace in charts(app)[0]["data"]]
    assert [name for name in names if not name.endswith("band")] == [
        "EAC, L_cls (n = 2)",
        "EAC, evaluation loss (n = 2)",
        "baseline, L_cls (n = 2)",
        "baseline, evaluation loss (n = 2)",
    ]
    assert "95 % interval of the mean" in text_of(app)


def test_single_runs_are_drawn_on_demand(open_page, eight_records):
    app = open_page("curves", eight_records, curves_seeds="single runs")
    assert len(app.multiselect(key="curves_run").value) == 2
    assert [trace["name"] for trace in charts(app)[1]["data"]] == ["EAC", "baseline"]


@pytest.fixture
def captions(monkeypatch):
    """The lines below the figures that a page offers to save."""
    found = []

    def show(*_, caption="", **__):
        found.append(caption)

    monkeypatch.setattr("dashboard.views.widgets.show_chart", show)
    return found


def test_the_caption_of_a_saved_figure_ends_each_sentence_once(open_page, eight_records, captions):
    assert not open_page("curves", eight_records).exception
    assert captions[0].startswith("Loss. ")
    assert "EAC here: " in captions[0]
    assert captions[0].endswith(".")
    assert not any(".." in caption for caption in captions)


def test_a_link_to_more_runs_than_there_are_colours_shows_as_many(open_page, tmp_path, write_run):
    most = len(distinct_colours())
    for seed in range(most + 1):
        write_run(tmp_path, seed=seed)
    fact = "EAC · mobilenetv2_100 · synthetic faces · 30 % noise · 6 epochs · seed"
    runs = [f"{fact} {seed}" for seed in range(most + 1)]
    app = open_page("curves", tmp_path, curves_run=runs)
    assert not app.exception
    assert len(app.multiselect(key="curves_run").value) == most


def test_groups_by_fewer_options_say_what_they_pool(open_page, eight_records):
    app = open_page("curves", eight_records, curves_by=["method"])
    assert not app.exception
    assert "pool runs that differ in noise" in text_of(app)


@pytest.mark.slow
def test_a_figure_of_the_hust_report_is_one_click(open_page):
    app = open_page("curves", SHIPPED_RUNS)
    app.slider(key="smooth").set_value(0.5)
    pills(app, "curve").set_value(["Learning rate"]).run()
    assert titles(app) == ["Learning rate"]
    preset = "mobilenetv2_100, 10 % symmetric noise"
    pills(app, "curves_hust").set_value(preset).run()
    assert not app.exception
    assert titles(app) == ["Loss", "Evaluation accuracy"]
    names = [trace["name"] for trace in charts(app)[1]["data"]]
    lines = [name for name in names if not name.endswith("band")]
    assert [re.sub(r"n = \d+", "n", name) for name in lines] == ["EAC (n)", "baseline (n)"]
    assert "10 % symmetric" in text_of(app)
    assert app.slider(key="smooth").value == 0


def test_the_view_can_be_set_by_the_address(open_page, eight_records):
    labels = ["EAC · mobilenetv2_100 · synthetic faces · 30 % noise · 6 epochs · seed 1"]
    address = {
        "curves_run": labels,
        "curve": ["L_c", "Memorised"],
        "curves_x": "Training time",
        "smooth": "0.5",
    }
    app = open_page("curves", eight_records, **address)
    assert not app.exception
    assert app.multiselect[0].value == labels
    assert titles(app) == ["Memorised", "L_c"]
    (raw, smoothed) = charts(app)[0]["data"]
    assert raw["name"].endswith("raw")
    assert charts(app)[0]["layout"]["xaxis"]["title"]["text"].endswith("(minutes)")
    assert epochs_drawn(raw) == epochs_drawn(smoothed)
    assert len(epochs_drawn(raw)) == 6


def test_runs_by_the_former_name_of_the_baseline_are_drawn(open_page, eight_records):
    label = "plain · mobilenetv2_100 · synthetic faces · 30 % noise · 6 epochs · seed 1"
    app = open_page("curves", eight_records, curves_run=[label])
    assert app.multiselect[0].value == [label.replace("plain", "baseline")]


def test_curves_by_their_former_names_are_drawn(open_page, eight_records):
    app = open_page("curves", eight_records, curve=["Class mean", "Test accuracy", "L_c"])
    assert not app.exception
    assert set(titles(app)) == {"Evaluation accuracy", "Mean class accuracy", "L_c"}


@pytest.mark.slow
def test_other_parts_of_the_loss_are_drawn_where_they_were_recorded(open_page, tmp_path, write_run):
    file = write_run(tmp_path, method="scn") / "epochs.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text(
        "".join(json.dumps({**line, "train_parts": {"ranking": 0.1}}) + "\n" for line in lines)
    )
    app = open_page("curves", tmp_path, curve=["Other parts"])
    assert not app.exception
    assert titles(app) == ["Ranking"]
    assert "separates certain from uncertain images" in text_of(app)


def test_runs_without_other_parts_say_so(open_page, eight_records):
    app = open_page("curves", eight_records, curve=["Other parts"])
    assert not app.exception
    assert titles(app) == []
    assert "no other parts of the loss" in text_of(app)


@pytest.mark.slow
def test_no_chosen_run_and_no_chosen_curve_are_sentences(open_page, eight_records):
    app = open_page("curves", eight_records)
    pills(app, "curve").set_value([]).run()
    assert "Choose at least one curve" in text_of(app)
    app.multiselect[0].set_value([]).run()
    assert not app.exception
    assert "Choose at least one run" in text_of(app)


@pytest.mark.slow
def test_a_running_run_shows_the_epochs_so_far_and_new_ones_when_they_come(
    open_page, tmp_path, write_run
):
    path = write_run(tmp_path, done=2, status="running")
    app = open_page("curves", tmp_path)
    assert "(running): 2 of 6 epochs" in text_of(app)
    assert all(epochs_drawn(trace) == [1, 2] for trace in charts(app)[0]["data"])
    last = json.loads((path / "epochs.jsonl").read_text().splitlines()[-1])
    with (path / "epochs.jsonl").open("a") as file:
        file.write(json.dumps({**last, "epoch": 3}) + "\n")
    app.run()
    assert "(running): 3 of 6 epochs" in text_of(app)
    assert all(epochs_drawn(trace) == [1, 2, 3] for trace in charts(app)[0]["data"])


def test_a_run_without_an_epoch_yet_is_a_sentence(open_page, tmp_path, write_run):
    write_run(tmp_path, done=0, status="running")
    app = open_page("curves", tmp_path)
    assert not app.exception
    assert "not recorded by the chosen runs so far" in text_of(app)
