"""The Runs page, run without a browser."""

import json
import os
import time

import pytest
from streamlit.testing.v1 import AppTest

from tests.project import APP

PAIR = ["cross_entropy-mobilenetv2_100-30-s0", "eac-mobilenetv2_100-30-s0"]


@pytest.fixture
def open_runs(monkeypatch, tmp_path):
    """The function that opens the page on sources in the address."""
    monkeypatch.chdir(tmp_path)

    def open_one(sources, **query):
        app = AppTest.from_file(str(APP), default_timeout=30)
        app.query_params.update({"runs": str(sources), "runs_seeds": "single runs", **query})
        app.switch_page("views/runs.py")
        app.run()
        assert not app.exception
        return app

    return open_one


def text_of(app):
    kinds = ("header", "subheader", "caption", "info", "warning", "error", "code", "text")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def tables(app):
    return [item.value for item in app.dataframe]


def chart_titles(app):
    specs = [json.loads(item.proto.spec) for item in app.get("plotly_chart")]
    return [spec["layout"]["title"]["text"] for spec in specs]


def test_the_shipped_runs_are_listed_with_their_curves(open_runs):
    app = open_runs("shipped")
    table = tables(app)[0]
    assert len(table) == int(text_of(app).split(" of ")[0].rsplit("\n", 1)[-1])
    assert all(len(curve) >= 1 for curve in table["curve"])
    assert chart_titles(app) == ["Options and accuracy", "Importance of each option"]


@pytest.mark.slow
def test_filters_can_be_set_by_the_address(open_runs, records):
    app = open_runs(records, runs_method="EAC", runs_noise="30 % symmetric")
    assert sorted(tables(app)[0]["run"]) == [
        "eac-mobilenetv2_100-30-s0",
        "eac-mobilenetv2_100-30-s1",
    ]
    assert "2 of 8 runs" in text_of(app)
    app.multiselect(key="runs_noise").set_value([]).run()
    assert len(tables(app)[0]) == 4


def test_the_former_name_of_the_baseline_opens_from_a_link(open_runs, eight_records):
    app = open_runs(eight_records, runs_method="plain")
    assert app.multiselect(key="runs_method").value == ["baseline"]
    assert len(tables(app)[0]) == 4


def test_filters_that_no_run_passes_are_no_error(open_runs, records, write_run):
    write_run(records, data="ferplus", content="b" * 64, rate=0.1, name="ferplus")
    app = open_runs(records, runs_data="FERPlus", runs_noise="30 % symmetric")
    assert tables(app)[0].empty
    assert "None of these runs has finished" in text_of(app)


def test_two_runs_are_compared_by_option_difference_and_test(open_runs, records):
    app = open_runs(records)
    assert "Choose two or more runs" in text_of(app)
    app.multiselect(key="runs_compare").set_value(PAIR).run()
    assert not app.exception
    _, deltas, options, tests = tables(app)
    assert deltas["accuracy difference"].tolist() == pytest.approx([0, 17])
    assert options["option"].tolist() == ["flip_probability", "method"]
    assert "has no predictions.csv" in tests["reason"].item()


def test_compared_runs_can_be_set_by_the_address_and_one_that_is_gone_is_left_out(
    open_runs, records
):
    app = open_runs(records, runs_compare=[*PAIR, "deleted"])
    assert app.multiselect(key="runs_compare").value == PAIR


def test_runs_on_other_images_are_compared_with_a_warning(open_runs, records, write_run):
    write_run(records, content="b" * 64, name="other")
    app = open_runs(records, runs_compare=[*PAIR, "other"])
    assert "not all evaluated on the same images" in text_of(app)


def test_one_run_in_full_can_be_set_by_the_address(open_runs):
    app = open_runs("shipped", run="study/eac-noise0.3-seed0")
    text = text_of(app)
    assert "study/eac-noise0.3-seed0" in text
    assert "fer-core train --data ferplus:ferplus" in text
    assert "1979cb3db4e46a4264ab65952bfab2543792bc4e" in text
    assert chart_titles(app) == ["Accuracy per epoch", "Label noise (% of each true label)"]
    assert any("default" in table.columns for table in tables(app))


@pytest.mark.slow
def test_a_run_is_opened_and_closed_with_the_picker(open_runs, records):
    app = open_runs(records)
    app.selectbox(key="runs_open").select(PAIR[0]).run()
    assert app.query_params["run"] == PAIR[0]
    assert app.header[0].value == PAIR[0]
    app.selectbox(key="runs_open").set_value(None).run()
    assert "run" not in app.query_params
    assert not app.header


def test_an_unknown_run_is_named_and_the_others_are_shown(open_runs, records):
    app = open_runs(records, run="nobody")
    assert "There is no run `nobody` here." in app.warning[0].value
    assert len(tables(app)[0]) == 8


@pytest.mark.parametrize(("done", "status"), [(0, "running"), (2, "running"), (2, "failed")])
def test_the_page_of_an_unfinished_run_shows_what_there_is(
    open_runs, tmp_path, write_run, done, status
):
    path = write_run(tmp_path / "some", done=done, status=status)
    app = open_runs(tmp_path / "some", run=path.name)
    text = text_of(app)
    assert f"{status} · {done} of 6 epochs" in text
    assert ("lower the learning rate" in text) == (status == "failed")
    assert ("No epoch has finished yet." in text) == (done == 0)


def test_a_record_without_facts_has_a_page(open_runs, tmp_path):
    from fer_core.config import RunConfig, to_json
    from fer_core.records.failures import record_failure

    config = to_json(RunConfig(data="ferplus:absent", noise="rater"))
    record_failure(tmp_path / "some" / "early", config, "no folder at absent")
    app = open_runs(tmp_path / "some", run="early")
    assert "no folder at absent" in app.error[0].value


def test_seeds_are_together_by_default_and_a_link_that_compares_runs_shows_single_ones(
    open_page, eight_records
):
    app = open_page("runs", eight_records)
    assert not app.exception
    table = tables(app)[0]
    assert len(table) == 4
    assert table["n"].tolist() == [2] * 4
    assert table["seeds"].tolist() == ["0, 1"] * 4
    assert "pooled" not in table
    app = open_page("runs", eight_records, runs_compare=PAIR)
    assert len(tables(app)[0]) == 8


def test_groups_are_compared_by_their_shared_seeds(open_page, eight_records):
    app = open_page("runs", eight_records)
    groups = app.multiselect(key="groups_compare").options
    noisy = sorted((name for name in groups if "30 %" in name), reverse=True)
    app.multiselect(key="groups_compare").set_value(noisy).run()
    assert not app.exception
    gaps = tables(app)[1]
    assert gaps["difference"].tolist() == pytest.approx([17])
    assert gaps["seeds"].tolist() == ["0, 1"]


def test_groups_tell_first_what_differs_between_them(open_page, records, write_run):
    facts = ["noise", "data", "backbone", "image_size", "epochs"]

    def order():
        shown = tables(open_page("runs", records))[0].columns
        return [name for name in shown if name in facts], list(shown)

    found, columns = order()
    assert found == facts
    assert columns[:2] == ["method", "noise"]
    assert columns[-4:] == facts[1:]
    write_run(records, backbone="resnet50", name="other")
    found, columns = order()
    assert columns[:3] == ["method", "noise", "backbone"]
    assert columns[-3:] == ["data", "image_size", "epochs"]


def test_groups_of_no_run_are_a_sentence(open_page, records, write_run):
    write_run(records, data="ferplus", content="b" * 64, rate=0.1, name="ferplus")
    address = {"runs_data": "FERPlus", "runs_noise": "30 % symmetric"}
    app = open_page("runs", records, **address)
    assert not app.exception
    assert "No run passes these filters" in text_of(app)


def test_a_silent_run_is_warned_of_with_the_command_that_resumes_it(open_runs, tmp_path, write_run):
    path = write_run(tmp_path / "some", done=2, status="running")
    long_ago = time.time() - 12 * 60
    for file in path.iterdir():
        os.utime(file, (long_ago, long_ago))
    app = open_runs(tmp_path / "some")
    assert "no progress for 12 min" in text_of(app)
    assert f"fer-core train --resume {path}" in text_of(app)
    assert "1 running without recent progress" in app.sidebar.warning[0].value
    assert "2 of 6, no progress for 12 min" in tables(app)[0]["status"].item()


def test_running_and_silent_runs_beyond_the_first_are_counted(open_runs, tmp_path, write_run):
    for seed in range(13):
        path = write_run(tmp_path / "some", seed=seed, done=2, status="running")
        for file in path.iterdir() if seed < 6 else ():
            os.utime(file, (time.time() - 12 * 60,) * 2)
    told = text_of(open_runs(tmp_path / "some"))
    assert "1 more run has no recent progress" in told
    assert ", and 2 more" in told


def test_a_run_that_writes_says_how_far_it_is(open_runs, tmp_path, write_run):
    write_run(tmp_path / "some", done=2, status="running")
    app = open_runs(tmp_path / "some")
    assert "2 of 6, " in text_of(app)
    assert not app.warning


def test_a_collapsed_run_is_warned_of(open_runs, tmp_path, write_run):
    file = write_run(tmp_path / "some") / "epochs.jsonl"
    lines = [json.loads(line) | {"eval_mean_class_accuracy": 1 / 7} for line in file.open()]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    app = open_runs(tmp_path / "some")
    assert "predicts one class for almost every image" in text_of(app)


def test_many_failures_do_not_fill_the_page(open_runs, tmp_path, write_run):
    for seed in range(7):
        write_run(tmp_path / "some", seed=seed, done=1, status="failed")
    app = open_runs(tmp_path / "some")
    assert len(app.error) == 5
    assert "2 more failed" in text_of(app)


def test_a_note_is_saved_with_the_record_and_shown(open_runs, records):
    app = open_runs(records, run=PAIR[0])
    app.text_area[0].set_value("learning rate too high")
    app.button[0].click().run()
    assert not app.exception
    assert (records / PAIR[0] / "notes.md").read_text() == "learning rate too high\n"
    assert open_runs(records, run=PAIR[0]).text_area[0].value == "learning rate too high"


def test_visitors_of_a_fixed_source_read_notes_and_cannot_write_them(
    open_runs, records, monkeypatch
):
    (records / PAIR[0] / "notes.md").write_text("![](http://example.org/x.png) kept as text")
    monkeypatch.setenv("FER_RUNS", str(records))
    app = open_runs("elsewhere", run=PAIR[0])
    assert not app.text_area
    assert not app.sidebar.text_input
    assert "![](http://example.org/x.png) kept as text" in [item.value for item in app.text]


def test_several_sources_are_read_at_once(open_runs, records, tmp_path, write_run):
    write_run(tmp_path / "more", name="another")
    app = open_runs(f"{records}, {tmp_path / 'more'}, {tmp_path / 'nowhere'}")
    assert len(tables(app)[0]) == 9
    assert set(tables(app)[0]["source"]) == {"records", "more"}
    assert [warning.value for warning in app.sidebar.warning] == [
        f"There is no folder `{tmp_path / 'nowhere'}`."
    ]


def test_an_address_of_the_hub_that_is_wrong_is_a_sentence(open_runs, records):
    app = open_runs(f"{records}, hf://nonsense")
    assert "is not an address of results on the Hub" in app.sidebar.warning[0].value
    assert len(tables(app)[0]) == 8


def test_links_to_a_run_keep_the_sources(open_runs, records):
    app = open_runs(records)
    links = tables(app)[0].set_index("run")["link"]
    assert links[PAIR[0]].startswith("runs?runs=%2F")
    assert links[PAIR[0]].endswith(f"&run={PAIR[0]}")


def test_a_new_epoch_is_shown_when_the_page_is_drawn_again(open_runs, tmp_path, write_run):
    path = write_run(tmp_path / "some", done=2, status="running")
    app = open_runs(tmp_path / "some")
    assert len(tables(app)[0]["curve"].item()) == 2
    last = json.loads((path / "epochs.jsonl").read_text().splitlines()[-1])
    with (path / "epochs.jsonl").open("a") as file:
        file.write(json.dumps(last | {"epoch": 3}) + "\n")
    app.run()
    assert len(tables(app)[0]["curve"].item()) == 3


@pytest.fixture
def at_home(monkeypatch):
    """The visitor sits at the computer itself, which AppTest cannot say."""
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.ip_address", None)


@pytest.fixture
def three(tmp_path, write_run):
    """The pair of noisy runs and a clean one."""
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path / "few", method=method)
    write_run(tmp_path / "few", rate=0.0)
    return tmp_path / "few"


def button(app, label):
    return next(item for item in app.button if item.label == label)


@pytest.mark.slow
@pytest.mark.usefixtures("at_home")
def test_selected_runs_are_tagged_searched_archived_and_brought_back(open_runs, three):
    app = open_runs(three, runs_compare=PAIR)
    next(item for item in app.text_input if "Tags" in item.label).set_value("paper").run()
    button(app, "Save tags").click().run()
    assert (three / PAIR[0] / "tags.txt").read_text() == "paper\n"
    app.text_input(key="runs_search").set_value("paper").run()
    assert sorted(tables(app)[0]["run"]) == PAIR
    assert set(tables(app)[0]["tags"]) == {"paper"}
    button(app, "Archive").click().run()
    assert not app.exception
    app.text_input(key="runs_search").set_value("").run()
    assert len(tables(app)[0]) == 1
    app.multiselect(key="runs_archived").set_value([PAIR[0]]).run()
    button(app, "Restore").click().run()
    assert len(tables(app)[0]) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("noise_rate", "Noise rate must be a number, got 'many'"),
        ("seed", "Seed must be a whole number, got 'many'"),
    ],
)
def test_a_word_in_a_field_of_the_import_that_wants_a_number_is_named(
    open_runs, three, field, message
):
    app = open_runs(three)
    app.text_input(key=f"runs_import_{field}").set_value("many")
    button(app, "Import").click().run()
    assert [item.value for item in app.error] == [message]


@pytest.mark.slow
@pytest.mark.usefixtures("at_home")
def test_a_run_is_renamed_and_deleted_only_after_a_tick(open_runs, three):
    app = open_runs(three, runs_compare=PAIR[:1])
    next(item for item in app.text_input if "New name" in item.label).set_value("renamed").run()
    button(app, "Rename").click().run()
    assert not app.exception
    assert (three / "renamed").is_dir()
    app.multiselect(key="runs_compare").set_value(["renamed"]).run()
    assert button(app, "Delete").disabled
    app.checkbox[0].check().run()
    button(app, "Delete").click().run()
    assert not app.exception
    assert not (three / "renamed").exists()
    assert len(tables(app)[0]) == 2


@pytest.mark.parametrize("fixed", [True, False])
def test_visitors_from_elsewhere_change_no_run(open_runs, records, monkeypatch, fixed):
    if fixed:
        monkeypatch.setenv("FER_RUNS", str(records))
    else:
        monkeypatch.setattr("streamlit.runtime.context.ContextProxy.ip_address", "10.0.0.7")
    (records / PAIR[1] / "archived.txt").touch()
    app = open_runs(records, runs_compare=PAIR[:1])
    labels = {item.label for item in app.button}
    assert not labels & {"Save tags", "Archive", "Rename", "Delete", "Restore", "Import"}
    assert "Import runs" not in " ".join(item.label for item in app.expander)


def test_the_chosen_columns_and_hidden_runs_are_in_the_address(open_runs, records):
    app = open_runs(records, runs_columns=["Seed", "Run"], runs_hidden=PAIR)
    assert len(tables(app)[0]) == 6
    assert list(app.dataframe[0].proto.column_order) == ["seed", "name"]
    assert tables(app)[0]["name"].is_unique


def test_the_page_of_a_run_says_what_its_maps_are_worth_or_how_to_measure_it(
    open_runs, records, write_maps
):
    run = PAIR[1]
    app = open_runs(records, run=run)
    assert f"--maps --json {records / run / 'maps.json'}" in text_of(app)
    write_maps(records / run / "maps.json", "mine", 0.61)
    app = open_runs(records, run=run)
    assert "150 images of FERPlus val" in text_of(app)
    (table,) = (one for one in tables(app) if "measure" in one)
    values = table.set_index("measure")["value"]
    assert values["locality (0.25: not local; 1: local)"] == "0.61 (0.60 to 0.62)"
    listed = tables(open_runs(records))[0].set_index("run")["map_locality"]
    assert listed[run] == 0.61
    assert listed.isna().sum() == len(listed) - 1


def test_measures_of_maps_that_cannot_be_read_are_told_and_hide_no_run(open_runs, records):
    (records / PAIR[1] / "maps.json").write_text("{}")
    app = open_runs(records)
    assert len(tables(app)[0]) == 8
    assert f"maps.json of {PAIR[1]} is not shown: " in text_of(app)
    assert "maps.json holds no measures of attention maps" in text_of(app)
    assert "unreadable" not in text_of(app)
    assert "maps.json holds no measures" in text_of(open_runs(records, run=PAIR[1]))
