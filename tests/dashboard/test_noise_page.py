"""The page on noise robustness, run without a browser."""

import json

import pytest

from fer_core.records.published import SHIPPED_RUNS


def text_of(app):
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def charts(app):
    return [json.loads(item.proto.spec) for item in app.get("plotly_chart")]


def names(app):
    return [trace["name"] for trace in charts(app)[0]["data"]]


def choose(app, key, value):
    group = next(item for item in app.get("button_group") if item.key == key)
    return group.set_value(value).run()


def test_the_page_states_the_headline_and_draws_the_chart(shown_page, eight_records):
    app = shown_page("noise", eight_records)
    assert "At 30 % symmetric label noise" in text_of(app)
    assert "EAC goes from 86.6 to 79.6 %" in text_of(app)
    assert "By mean class accuracy" in text_of(app)
    assert [chart["layout"]["title"]["text"] for chart in charts(app)] == [
        "Accuracy by label noise"
    ]
    gaps, means, areas = (table.value for table in app.dataframe)
    assert gaps["n"].tolist() == [2, 2]
    assert means["n"].tolist() == [2, 2, 2, 2]
    assert areas["n"].tolist() == [2, 2]


@pytest.mark.slow
def test_the_shipped_study_comes_first_and_says_why_nothing_is_published_for_it(shown_page):
    app = shown_page("noise", SHIPPED_RUNS)
    assert not app.exception
    assert "FERPlus · 8 classes · 48 px · 8 epochs" in app.selectbox[0].value
    assert "95 % interval" in text_of(app)
    assert "are not comparable" in text_of(app)
    assert not any(name.startswith("published") for name in names(app))


@pytest.mark.slow
def test_methods_at_one_rate_are_rows_with_the_interval_over_images(shown_page):
    app = shown_page("noise", SHIPPED_RUNS)
    (chart,) = charts(app)
    rows = chart["layout"]["yaxis"]["categoryarray"]
    assert len(rows) == len(set(rows)) > 8
    gaps = {trace["y"][0] for trace in chart["data"] if trace.get("xaxis") == "x2"}
    methods = {row.split("<br>")[0].split(" · ")[0] for row in gaps}
    assert methods >= {"EAC", "co-teaching", "label smoothing"}
    assert "Right: the difference from the baseline" in text_of(app)


@pytest.mark.slow
def test_every_measure_has_its_chart_and_can_be_set_by_the_address(open_page, eight_records):
    app = open_page("noise", eight_records, noise_measure="Change from clean")
    assert not app.exception
    assert charts(app)[0]["layout"]["title"]["text"] == "Accuracy minus clean by label noise"
    assert app.dataframe[0].value["mean"].tolist() == [0, -7, 0, -21]
    app = choose(app, "noise_measure", "Mean class accuracy")
    assert charts(app)[0]["layout"]["title"]["text"] == "Mean class accuracy by label noise"
    assert "mean class accuracy" in text_of(app)


@pytest.mark.slow
def test_the_chosen_epoch_is_a_measure_of_runs_that_have_one(
    open_page, tmp_path, eight_records, write_run
):
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path, method=method, holdout=0.1)
    app = open_page("noise", tmp_path, noise_measure="Chosen epoch, flip TTA")
    assert not app.exception
    assert "with flip TTA in the epoch chosen on held-out images" in text_of(app)
    app = open_page("noise", eight_records, noise_measure="Chosen epoch, flip TTA")
    assert not app.exception
    assert charts(app)[0]["layout"]["title"]["text"] == "Accuracy by label noise"


def test_a_change_without_clean_runs_is_a_sentence_with_the_command(open_page, tmp_path, write_run):
    write_run(tmp_path)
    app = open_page("noise", tmp_path, noise_measure="Change from clean")
    assert not app.exception
    assert "fer-core train --noise none" in text_of(app)
    assert charts(app) == []


@pytest.mark.slow
def test_published_curves_of_the_same_backbone_come_first_and_others_when_asked(
    open_page, tmp_path, write_run
):
    for rate in (0.0, 0.3):
        write_run(tmp_path, rate=rate, data="rafdb")
    app = open_page("noise", tmp_path)
    published = [name for name in names(app) if name.startswith("published")]
    assert len(published) == 2
    assert all("MobileNetV2" in name for name in published)
    app = choose(app, "noise_published", "all comparable")
    assert any("LA-Net · ResNet-18" in name for name in names(app))
    app = choose(app, "noise_published", "none")
    assert not any(name.startswith("published") for name in names(app))


@pytest.mark.slow
def test_another_backbone_than_the_published_ones_starts_without_them(
    open_page, tmp_path, write_run
):
    write_run(tmp_path, data="rafdb", backbone="test_resnet")
    app = open_page("noise", tmp_path)
    assert not any(name.startswith("published") for name in names(app))
    address = open_page("noise", tmp_path, noise_published="all comparable")
    assert any(name.startswith("published") for name in names(address))


@pytest.mark.slow
def test_the_page_says_which_runs_it_leaves_out(open_page, records, write_run):
    write_run(records, rate=0.5, done=2, status="running")
    assert "1 run is still running or failed and not included" in text_of(
        open_page("noise", records)
    )


@pytest.mark.slow
def test_data_sets_are_chosen_one_at_a_time(open_page, records, write_run):
    write_run(records, data="ferplus", content="b" * 64, name="ferplus")
    app = open_page("noise", records)
    assert len(app.selectbox[0].options) == 2
    assert "synthetic" in app.selectbox[0].value
    app.selectbox[0].select_index(1).run()
    assert not app.exception
    assert app.dataframe[0].value["line"].tolist() == ["EAC · mobilenetv2_100"]


@pytest.mark.slow
def test_the_choice_of_runs_can_be_set_by_the_address(open_page, records, write_run):
    write_run(records, data="ferplus", content="b" * 64, name="ferplus")
    address = {"compare": "FERPlus · 7 classes · 48 px · 6 epochs"}
    assert open_page("noise", records, **address).selectbox[0].value == address["compare"]


def test_a_measure_by_its_former_name_is_shown(open_page, eight_records):
    app = open_page("noise", eight_records, noise_measure="Class mean")
    assert not app.exception
    assert charts(app)[0]["layout"]["title"]["text"] == "Mean class accuracy by label noise"
