"""The figures of the landing page, from made-up records."""

import json

import numpy as np
import pytest

from dashboard.analysis.glossary import WORDS, explained, words_list
from dashboard.analysis.landing import figures_elsewhere, landing_figures, rival_figures
from dashboard.analysis.shipped_maps import FACE, shipped_pair
from dashboard.data.names import read_folders
from fer_core.records.measures import MEASURES


def test_the_figures_are_paired_differences_under_noise(eight_records):
    runs = read_folders([eight_records])
    figures = {one.name: one for one in landing_figures(runs)}
    assert list(figures) == ["Accuracy", "Mean class accuracy", "Wrong labels memorised"]
    assert {figure.noise for figure in figures.values()} == {"30 % wrong labels"}
    table = runs.table[runs.table["noise_percent"] == 30]
    means = table.groupby("method")["accuracy_percent"].mean()
    noisy = figures["Accuracy"]
    assert noisy.gap == pytest.approx(means["eac"] - means["cross_entropy"])
    assert noisy.low <= noisy.gap <= noisy.high
    assert "2 seeds" in noisy.interval
    assert f"{means['eac']:.1f} %" in noisy.detail


def test_runs_with_held_out_images_have_the_measure_of_a_practitioner(tmp_path, write_run):
    for method, share in (("eac", 0.7), ("cross_entropy", 0.75)):
        file = write_run(tmp_path, method=method) / "run.json"
        record = json.loads(file.read_text())
        record["result"] |= {MEASURES["chosen_tta"].accuracy: share}
        file.write_text(json.dumps(record))
    figures = landing_figures(read_folders([tmp_path]))
    assert figures[1].name == "Accuracy, flip TTA"
    assert figures[1].gap == pytest.approx(-5)
    assert "at the epoch chosen on held-out images" in figures[1].detail
    assert "held-out" not in figures[0].detail


def test_rivals_on_all_seeds_of_the_pair_stand_beside_it(tmp_path, write_run):
    for seed in (0, 1):
        for method in ("eac", "cross_entropy", "gce"):
            write_run(tmp_path, method=method, seed=seed)
        average = {"ema_decay": 0.999, "name": f"average-{seed}"}
        write_run(tmp_path, method="eac", seed=seed, consistency_weight=1.0, **average)
    write_run(tmp_path, method="rul", seed=0)
    runs = read_folders([tmp_path])
    own = "EAC, consistency weight 1.0, ema decay 0.999"
    assert list(rival_figures(runs)) == [own, "GCE"]
    assert rival_figures(runs)[own][0].gap == landing_figures(runs)[0].gap  # alike accuracies
    table = runs.table.groupby("method")["accuracy_percent"].mean()
    (accuracy, *_) = rival_figures(runs)["GCE"]
    assert accuracy.gap == pytest.approx(table["gce"] - table["cross_entropy"])
    assert "2 seeds" in accuracy.interval
    assert "EAC" not in accuracy.where
    assert rival_figures(read_folders([tmp_path / "none"])) == {}


def test_the_same_approaches_stand_there_with_other_networks_and_sizes(tmp_path, write_run):
    places = {"large": {"image_size": 112}, "other": {"backbone": "resnet18"}, "own": {}}
    for place, options in places.items():
        for seed in (0, 1, 2) if place == "own" else (0, 1):
            for method in ("eac", "cross_entropy", "gce"):
                name = f"{place}-{method}-{seed}"
                write_run(tmp_path, method=method, seed=seed, name=name, **options)
    write_run(tmp_path, method="rul", image_size=112, seed=0)  # no rival of the first pair
    for method in ("eac", "cross_entropy"):  # one seed, and other noise
        write_run(tmp_path, method=method, image_size=64)
        for seed in (0, 1):
            write_run(tmp_path, method=method, image_size=64, rate=0.1, seed=seed)
    runs = read_folders([tmp_path])
    found = figures_elsewhere(runs)
    epochs = len(runs.epochs) // len(runs.table)
    assert set(found) == {
        f"{place}, {epochs} epochs: {method} (2 seeds)"
        for place in ("mobilenetv2_100, 112 px", "resnet18, 48 px")
        for method in ("EAC", "GCE")
    }
    (accuracy, *_) = found[f"mobilenetv2_100, 112 px, {epochs} epochs: EAC (2 seeds)"]
    large = runs.table[runs.table["run"].str.startswith("large")]
    means = large.groupby("method")["accuracy_percent"].mean()
    assert accuracy.gap == pytest.approx(means["eac"] - means["cross_entropy"])
    assert figures_elsewhere(read_folders([tmp_path / "none"])) == {}


def test_a_single_seed_has_no_interval(tmp_path, write_run):
    for method in ("eac", "cross_entropy"):
        write_run(tmp_path, method=method)
    figures = landing_figures(read_folders([tmp_path]))
    assert {figure.interval for figure in figures} == {"no interval: one seed"}


def test_records_without_a_pair_have_no_figures(tmp_path, write_run):
    write_run(tmp_path, method="eac")
    assert landing_figures(read_folders([tmp_path])) == []


def test_the_first_use_of_a_word_is_explained_and_the_next_is_not():
    text = explained("EAC and the baseline; EAC again, and L_cls.")
    assert text.count("<abbr") == 3
    assert text.endswith("again, and " + text[text.index('<abbr title="The classification') :])
    assert explained("SOEAC2 is another word") == "SOEAC2 is another word"


def test_every_word_is_in_the_list_for_readers_who_cannot_hover():
    assert all(f"**{word}**" in words_list() for word in WORDS)


def test_the_maps_of_the_landing_page_are_of_baseline_and_eac_on_a_face_that_both_know():
    baseline, eac = shipped_pair().values()
    for maps in (baseline, eac):
        face = maps.names.index(FACE)
        assert maps.classes[maps.prediction(face)] == FACE.removeprefix("synthetic ")
    assert np.array_equal(baseline.crops, eac.crops)
    assert baseline.mean_agreement() < eac.mean_agreement() <= 1
