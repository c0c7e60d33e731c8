import io
import json
import shutil
import sys

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from fer_core.cli import figures as module
from fer_core.records.run import RUN_FILE
from fer_core.reporting import figure_drawing
from fer_core.reporting.figure_data import (
    accuracies,
    curve,
    file_stems,
    find_comparisons,
    read_folders,
    why_no_pair,
)
from fer_core.reporting.figure_drawing import STYLES, draw_all, render
from tests.project import PROJECT

RATES = (0.0, 0.1, 0.3)
BASELINE = "cross_entropy"


def change(path, how):
    """Change the run.json of a record as another program might."""
    file = path / RUN_FILE
    run = json.loads(file.read_text())
    how(run)
    file.write_text(json.dumps(run))


@pytest.fixture
def write(write_run, tmp_path):
    """``write(method, rate=0.3, seed=0, ...)``: a made-up record in the folder ``records``."""

    def call(method, rate=0.3, seed=0, **options):
        options.setdefault("name", f"{method}-{rate}-{seed}")
        return write_run(tmp_path / "records", method=method, rate=rate, seed=seed, **options)

    return call


@pytest.fixture
def pair(tmp_path, write):
    """One run of either method: as little as there is to draw."""
    for method in STYLES:
        write(method)
    return tmp_path / "records"


@pytest.fixture
def records(tmp_path, write):
    """Both methods, three noise rates, two seeds."""
    for method in STYLES:
        for rate in RATES:
            for seed in (0, 1):
                write(method, rate, seed)
    return tmp_path / "records"


def comparisons_in(folder):
    runs, problems = read_folders([folder])
    assert problems == []
    return find_comparisons(runs)


def stems_of(comparisons):
    return file_stems([(comparison.setting, comparison.eac) for comparison in comparisons])


def drawn(axes):
    """(colour, style, values) of each line of a panel."""
    return [(line.get_color(), line.get_linestyle(), line.get_ydata()) for line in axes.lines]


def means(lines, method):
    """The thick line, the last of each colour and style."""
    return {style: values for colour, style, values in lines if colour == STYLES[method][1]}


def test_runs_of_both_methods_are_paired_by_noise_and_seed(records):
    (comparison,) = comparisons_in(records)
    assert [pair.stem for pair in comparison.pairs] == ["clean", "symmetric-10", "symmetric-30"]
    for pair in comparison.pairs:
        assert [run.seed for run in pair.baseline] == [run.seed for run in pair.eac] == [0, 1]
        assert {run.approach.method for run in pair.baseline} == {BASELINE}
        assert {run.approach.method for run in pair.eac} == {"eac"}


@pytest.mark.parametrize(
    "other",
    [
        {"learning_rate": 1e-3},
        {"image_size": 64},
        {"epochs": 7},
        {"label_smoothing": 0.1},
        {"precision": "bf16"},
        {"content": "b" * 64},
        {"seed": 1},
        {"rate": 0.2},
        {"backbone": "resnet18"},
    ],
)
def test_runs_that_differ_in_more_than_the_method_are_no_pair(tmp_path, write, other):
    write("cross_entropy")
    write("eac", **other)
    assert comparisons_in(tmp_path / "records") == []


@pytest.mark.parametrize("other", [{"consistency_weight": 1.0}, {"erased_region": "independent"}])
def test_the_options_of_eac_alone_keep_no_pair_apart(tmp_path, write, other):
    write("cross_entropy")
    write("eac", **other)
    assert len(comparisons_in(tmp_path / "records")) == 1


def test_two_kinds_of_eac_are_two_comparisons_with_files_of_their_own(tmp_path, write):
    write("cross_entropy")
    write("eac", name="strong")
    write("eac", name="weak", consistency_weight=1.0)
    comparisons = comparisons_in(tmp_path / "records")
    drawn_runs = [one.pairs[0].eac[0].record.name for one in comparisons]
    assert sorted(drawn_runs) == ["strong", "weak"]
    assert sorted(stems_of(comparisons)) == [
        "mobilenetv2_100-consistency_weight-1.0",
        "mobilenetv2_100-consistency_weight-5.0",
    ]


def test_an_eac_that_flips_its_labelled_view_has_files_of_its_own(tmp_path, write):
    write("cross_entropy")
    write("eac", name="published", flip_probability=0.0)
    write("eac", name="flipping", flip_probability=0.5)
    assert sorted(stems_of(comparisons_in(tmp_path / "records"))) == [
        "mobilenetv2_100-flip_probability-0.0",
        "mobilenetv2_100-flip_probability-0.5",
    ]


def test_a_file_name_says_no_more_than_tells_the_comparisons_apart(tmp_path, write):
    for size, rate in ((48, 1e-3), (64, 2e-3)):
        for method in STYLES:
            write(method, name=f"{method}{size}", image_size=size, learning_rate=rate)
    stems = [f"mobilenetv2_100-image_size-{size}" for size in (48, 64)]
    assert stems_of(comparisons_in(tmp_path / "records")) == stems


def test_another_backbone_adds_nothing_to_a_file_name(records, write):
    for method in STYLES:
        write(method, name=f"other-{method}", backbone="resnet18")
    assert sorted(stems_of(comparisons_in(records))) == ["mobilenetv2_100", "resnet18"]


def test_unfinished_runs_are_passed_over_and_those_of_other_methods_make_no_pair(tmp_path, write):
    write("eac", status="running")
    write("gce", rate=0.1)
    runs, problems = read_folders([tmp_path / "records"])
    assert [run.config["method"] for run in runs] == ["gce"]
    assert problems == []
    assert find_comparisons(runs) == []


@pytest.mark.slow
def test_curves_show_the_mean_of_the_seeds_and_each_seed(records):
    (comparison,) = comparisons_in(records)
    pair = comparison.pairs[-1]
    left, right = draw_all([comparison])["curves-mobilenetv2_100-symmetric-30"].axes
    for method, runs in pair.methods():
        lines = means(drawn(left), method)
        # For EAC too the loss without the consistency term.
        for name, style in (("train_classification_loss", "-"), ("eval_loss", "--")):
            seeds = np.array([[epoch[name] for epoch in run.record.epochs] for run in runs])
            np.testing.assert_allclose(lines[style], seeds.mean(axis=0))
            shown = [v for c, s, v in drawn(left) if (c, s) == (STYLES[method][1], style)]
            np.testing.assert_allclose(shown[:2], seeds)
        accuracy = [[100 * epoch["eval_accuracy"] for epoch in run.record.epochs] for run in runs]
        assert accuracy[0] != accuracy[1]
        np.testing.assert_allclose(means(drawn(right), method)["-"], np.mean(accuracy, axis=0))


def test_the_legend_counts_the_seeds_and_one_seed_has_one_line(tmp_path, write):
    for method in STYLES:
        write(method)
    figure = draw_all(comparisons_in(tmp_path / "records"))["curves-mobilenetv2_100-symmetric-30"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "baseline (n = 1)",
        "EAC (n = 1)",
    ]
    assert len(figure.axes[1].lines) == 2


@pytest.mark.slow
def test_the_caption_says_what_both_methods_are_trained_with(tmp_path, write):
    for method in STYLES:
        write(method, ema_decay=0.999)
        write(method, name=f"{method}-plain")
    captions = {
        name: " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
        for name, figure in draw_all(comparisons_in(tmp_path / "records")).items()
        if name.startswith("curves")
    }
    averaged = {name: "both with ema decay 0.999;" in text for name, text in captions.items()}
    assert averaged == {
        "curves-mobilenetv2_100-ema_decay-0.0-symmetric-30": False,
        "curves-mobilenetv2_100-ema_decay-0.999-symmetric-30": True,
    }


def test_memorised_has_a_panel_for_each_noise_setting_with_changed_labels(records):
    (comparison,) = comparisons_in(records)
    axes = draw_all([comparison])["memorised-mobilenetv2_100"].axes
    noisy = comparison.pairs[1:]
    assert [a.get_title() for a in axes[:2]] == [pair.title for pair in noisy]
    for row, name in enumerate(("memorised", "recovered")):
        for column, pair in enumerate(noisy):
            for method, runs in pair.methods():
                expected = np.mean([curve(run, name) for run in runs], axis=0)
                assert expected[-1] == pytest.approx(100 * runs[0].record.epochs[-1][name])
                shown = means(drawn(axes[2 * row + column]), method)["-"]
                np.testing.assert_allclose(shown, expected)


@pytest.mark.slow
def test_noise_shows_a_point_a_seed_their_mean_and_their_deviation(records):
    (comparison,) = comparisons_in(records)
    (axes,) = draw_all([comparison])["noise-mobilenetv2_100"].axes
    baseline = [accuracies(pair.baseline) for pair in comparison.pairs]
    line, _, (bars,) = axes.containers[0].lines
    np.testing.assert_allclose(baseline, [[83, 84.2], [78, 79.2], [62, 63.2]])
    np.testing.assert_allclose(line.get_ydata(orig=False), [83.6, 78.6, 62.6])
    np.testing.assert_allclose(line.get_xdata(orig=False), [0, 10, 30], atol=0.5)
    lengths = [segment[1, 1] - segment[0, 1] for segment in bars.get_segments()]
    np.testing.assert_allclose(lengths, 2 * np.std(baseline, axis=1, ddof=1))
    points = [line.get_ydata() for line in axes.lines if line.get_markerfacecolor() == "none"]
    np.testing.assert_allclose(points[: len(baseline)], baseline)


def test_one_rate_has_no_noise_figure_and_clean_labels_none_of_memorised_ones(tmp_path, write):
    for method in STYLES:
        write(method, 0.0)
    figures = draw_all(comparisons_in(tmp_path / "records"))
    assert list(figures) == ["curves-mobilenetv2_100-clean"]


@pytest.mark.slow
def test_figures_are_small_images_of_at_most_902_pixels(records):
    for name, figure in draw_all(comparisons_in(records)).items():
        content = render(figure, "png")
        assert len(content) < 120_000, name
        assert Image.open(io.BytesIO(content)).width <= 902


@pytest.mark.slow
def test_the_files_are_named_and_printed(call_command, records, tmp_path):
    out = tmp_path / "new" / "figures"
    code, output, errors = call_command(module, records, "--out", out, "--format", "svg")
    assert (code, errors) == (0, "")
    stems = [f"curves-mobilenetv2_100-{n}" for n in ("clean", "symmetric-10", "symmetric-30")]
    stems += ["memorised-mobilenetv2_100", "noise-mobilenetv2_100"]
    files = [str(out / f"{stem}.{kind}") for stem in stems for kind in ("png", "svg")]
    assert output.splitlines() == files
    assert sorted(str(file) for file in out.iterdir()) == sorted(files)


@pytest.mark.slow
def test_every_method_of_the_study_is_drawn_against_its_baseline(
    call_command, tmp_path, monkeypatch
):
    monkeypatch.setattr(figure_drawing, "render", lambda *_: b"")  # 26 files take half a minute
    study = PROJECT / "fer_core" / "records" / "shipped_runs" / "study48"
    for record in study.glob("*-seed0"):  # every method has it; five seeds take half a minute, too
        shutil.copytree(record, tmp_path / "records" / record.name)
    assert {run.name.rpartition("-")[0] for run in study.iterdir()} == {
        run.name.rpartition("-")[0] for run in (tmp_path / "records").iterdir()
    }
    code, output, errors = call_command(module, tmp_path / "records", "--out", tmp_path / "out")
    assert (code, errors) == (0, "")  # none is left out
    files = [line.rpartition("/")[2] for line in output.splitlines()]
    assert [file for file in files if file.startswith("measures-")] == [
        "measures-mobilenetv2_100-classes-7-fer2013-31.7.png",
        "measures-mobilenetv2_100-classes-8-clean.png",
        "measures-mobilenetv2_100-classes-8-rater-22.png",
        "measures-mobilenetv2_100-classes-8-symmetric-10.png",
        "measures-mobilenetv2_100-classes-8-symmetric-20.png",
        "measures-mobilenetv2_100-classes-8-symmetric-30.png",
    ]
    assert [file for file in files if file.startswith("rates-")] == [
        "rates-mobilenetv2_100.png",
    ]


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes(call_command, pair, write, tmp_path):
    for method in STYLES:
        write(method, 0.0)

    def files(out):
        call_command(module, pair, "--out", tmp_path / out, "--format", "svg")
        return {file.name: file.read_bytes() for file in (tmp_path / out).iterdir()}

    first = files("one")
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 20, "svg.hashsalt": None}):
        second = files("two")
    assert first
    assert first == second


@pytest.mark.slow
def test_drawing_leaves_the_settings_of_matplotlib_alone(pair):
    before = dict(mpl.rcParams)
    render(draw_all(comparisons_in(pair))["memorised-mobilenetv2_100"], "svg")
    assert dict(mpl.rcParams) == before


@pytest.mark.slow
def test_broken_records_are_named_and_the_others_are_drawn(call_command, records, tmp_path):
    (records / "cross_entropy-0.1-0" / RUN_FILE).write_text("{")
    change(records / "eac-0.1-1", lambda run: run["data"].pop("sha256"))
    short = records / "eac-0.0-0" / "epochs.jsonl"
    short.write_text("".join(short.read_text().splitlines(keepends=True)[:3]))
    code, output, errors = call_command(module, records, "--out", tmp_path / "out")
    assert code == 0
    assert "curves-mobilenetv2_100-symmetric-30.png" in output
    assert "symmetric-10" not in output
    warnings = [line for line in errors.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 3
    assert any("eac-0.1-1 cannot be drawn: it lacks data.sha256" in line for line in warnings)
    assert any("eac-0.0-0 cannot be drawn: 3 of 6 epochs" in line for line in warnings)


@pytest.mark.slow
def test_runs_without_a_counterpart_are_named(call_command, pair, write, tmp_path):
    write("eac", name="lonely", seed=7)
    _, _, errors = call_command(module, pair, "--out", tmp_path / "out")
    assert errors == "not drawn (no counterpart, or run again later): lonely\n"


@pytest.mark.slow
def test_a_record_below_two_of_the_folders_is_drawn_once(call_command, pair, tmp_path):
    call_command(module, pair, "--out", tmp_path / "once")
    call_command(module, pair, tmp_path, "--out", tmp_path / "twice")
    name = "curves-mobilenetv2_100-symmetric-30.png"
    assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()


def test_nothing_to_draw_names_the_folder_and_what_a_pair_needs(call_command, records, tmp_path):
    for folder in records.glob("eac*"):
        shutil.rmtree(folder)
    code, _, _ = call_command(module, records, "--out", tmp_path / "out")
    assert code.startswith(f"error: nothing to draw in {records}: ")
    assert "a finished run of cross_entropy and one of eac, or with --holdout of any" in code
    assert code.endswith("finished runs there: 6 of cross_entropy, 0 of eac")
    assert not (tmp_path / "out").exists()


def test_the_nearest_miss_says_what_differs(tmp_path, write):
    write("cross_entropy", name="plain")
    write("eac", name="near", learning_rate=1e-3, rate=0.3)
    write("eac", name="far", learning_rate=1e-3, rate=0.1, seed=4)
    runs, _ = read_folders([tmp_path / "records"])
    assert why_no_pair(runs) == (
        "the nearest two, plain and near, differ in learning_rate (0.0002 and 0.001)"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "error: records: name at least one folder of run records, for example runs"),
        (("no/such",), "error: records: no/such is not a folder"),
    ],
)
def test_folders_that_are_not_there_are_refused(call_command, arguments, message):
    assert call_command(module, *arguments)[0] == message


def test_without_matplotlib_the_error_says_how_to_install_it(
    call_command, records, tmp_path, monkeypatch
):
    monkeypatch.delitem(sys.modules, "fer_core.reporting.figure_drawing")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, _ = call_command(module, records, "--out", tmp_path / "out")
    assert code.startswith("error: figures need matplotlib (")
    assert code.endswith("pip install 'fer-core[figures]'")
