"""The plans in train/recipes: all can be read, every prefix compares like with like, one is run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.config import from_json, to_json
from fer_core.config.methods import METHODS, option_names
from fer_core.config.recipes import RECIPES
from fer_core.datasets.synthetic.faces import draw_face
from fer_core.emotions import RAFDB_LABELS
from fer_core.records.run import read_runs
from fer_core.records.trials import TREATMENTS, shared_options
from fer_core.sweeping.plan import read_plan
from tests.project import PROJECT

RECIPE_FOLDER = PROJECT / "train" / "recipes"
PLANS = sorted(RECIPE_FOLDER.glob("*.toml"))
PAIRS = ["study_cpu.toml", "rafdb_report.toml"]
PARTS = [plan for plan in PLANS if plan.stem.startswith("study_") and plan.stem != "study_cpu"]
GPU_PLANS = [plan for plan in PLANS if plan.stem.startswith("gpu_")]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
@pytest.mark.slow
def test_every_plan_can_be_read(plan):
    assert len(read_plan(plan)) >= 2


@pytest.mark.parametrize("name", PAIRS)
def test_every_prefix_of_a_study_of_pairs_is_a_fair_comparison(name):
    runs = [run.config for run in read_plan(RECIPE_FOLDER / name)]
    for plain, eac in zip(runs[::2], runs[1::2], strict=True):
        assert (plain.method, eac.method) == ("cross_entropy", "eac")
        assert pair_of(plain) == pair_of(eac)
    seeds = [config.seed for config in runs]
    assert seeds == sorted(seeds)
    assert len(set(seeds)) == 3
    assert runs[0].noise == "symmetric"  # the first pair already says something about noise


@pytest.mark.parametrize("plan", [*PARTS, *GPU_PLANS], ids=lambda plan: plan.stem)
@pytest.mark.slow
def test_every_part_of_the_study_compares_like_with_like_as_far_as_it_got(plan):
    runs = [run.config for run in read_plan(plan)]
    seeds = [config.seed for config in runs]
    assert seeds == sorted(seeds)
    for number, config in enumerate(runs):
        baseline = next(other for other in runs if pair_of(other) == pair_of(config))
        assert baseline.method == "cross_entropy"
        assert runs.index(baseline) <= number
        assert config.holdout == 0.1


@pytest.mark.slow
def test_the_parts_of_the_study_share_their_runs_and_have_every_method_and_noise():
    named = {}
    for plan in PARTS:
        if plan.stem == "study_small":  # a study of its own, at another size
            continue
        for run in read_plan(plan):
            assert named.setdefault(run.name, run.config) == run.config, run.name
    configs = named.values()
    assert {config.method for config in configs} == {
        name for name, spec in METHODS.items() if spec.bundled and name != "distill"
    }  # distill needs trained teachers, which a study does not begin with
    rates = {("symmetric", rate) for rate in (0.1, 0.2, 0.3)}
    noises = {("none", 0.0), *rates, ("fer2013", 0.0), ("rater", 0.0)}
    assert {(config.noise, config.noise_rate) for config in configs} == noises
    without_contempt = [config.data for config in configs if config.noise == "fer2013"]
    assert all(data.endswith("?classes=7") for data in without_contempt)


def test_one_part_of_eac_is_changed_at_a_time():
    runs = {run.name: to_json(run.config) for run in read_plan(RECIPE_FOLDER / "study_parts.toml")}
    eac = runs["eac-sym30-seed0"]
    assert {
        name.split("-")[0]: {option for option in config if config[option] != eac[option]}
        for name, config in runs.items()
        if config["method"] == "eac" and config["seed"] == 0
    } == {
        "eac": set(),
        "eac_official": {"erased_region", "pixel_noise"},
        "eac_flip": {"flip_probability"},
        "eac_logits": {"consistency"},
        "eac_lambda0": {"consistency_weight"},
        "eac_independent": {"erased_region"},
        "eac_lambda1": {"consistency_weight"},
        "eac_lambda10": {"consistency_weight"},
        "eac_attached": {"detach_classifier"},
    }


@pytest.mark.slow
def test_the_plan_for_raf_db_is_the_reports_training():
    for run in read_plan(RECIPE_FOLDER / "rafdb_report.toml"):
        config = to_json(run.config)
        free = {"method", "backbone", "noise", "noise_rate", "seed", "data"}
        free |= {"flip_probability"}  # that of the method
        wanted = to_json(from_json({**RECIPES["report"], "method": run.config.method}))
        assert {n for n in config if config[n] != wanted[n]} <= free


@pytest.mark.slow
def test_the_raf_db_command_gives_the_tables_and_goes_on_where_it_stopped(
    called_python, rafdb, tmp_path
):
    text = (RECIPE_FOLDER / "rafdb_report.toml").read_text()
    small = "image_size = 48\npretrained = 'none'\nepochs = 1\nbatch_size = 14\n[grid]"
    text = (
        text.replace("[grid]", small)
        .replace('"resnet50.tv2_in1k"', "")
        .replace("mobilenetv2_100.ra_in1k", "test_resnet")
    )
    for noise in ('"none"', '"symmetric", noise_rate = 0.2', '"symmetric", noise_rate = 0.3'):
        assert f"  {{ noise = {noise} }},\n" in text
        text = text.replace(f"  {{ noise = {noise} }},\n", "")
    plan = tmp_path / "plan.toml"
    plan.write_text(text.replace("seed = [0, 1, 2]", "seed = [0]"))
    out = tmp_path / "out"
    first = command(called_python, rafdb, out, plan)
    assert first.returncode == 0, first.stderr
    records = read_runs(out).runs
    assert len(records) == 2
    assert {record.data["name"] for record in records} == {"rafdb"}
    assert "| test_resnet, 48 px | 10 % symmetric | 0 |" in first.stdout
    assert "| noise | backbone | method | accuracy | source | selection | trust |" in first.stdout
    second = command(called_python, rafdb, out, plan)
    assert second.returncode == 0, second.stderr
    assert "2 finished" in second.stdout
    assert [r.ended for r in read_runs(out).runs] == [r.ended for r in records]


@pytest.fixture
def rafdb(tmp_path):
    """Synthetic faces in the layout of RAF-DB: 4 training and 2 test faces of each class."""
    root, generator = tmp_path / "rafdb", np.random.default_rng(0)
    (root / "EmoLabel").mkdir(parents=True)
    (root / "Image" / "aligned").mkdir(parents=True)
    lines = []
    for split, each in (("train", 4), ("test", 2)):
        for index, (number, emotion) in enumerate([*RAFDB_LABELS.items()] * each, start=1):
            name = f"{split}_{index:05d}"
            image = Image.fromarray(np.asarray(draw_face(emotion, 100, generator).image))
            image.save(root / "Image" / "aligned" / f"{name}_aligned.jpg")
            lines.append(f"{name}.jpg {number}")
    (root / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def called_python(warm_python):
    """The environment in which the scripts' ``python`` is one that has torch loaded."""
    return {"PATH": f"{Path(warm_python).parent}{os.pathsep}{os.environ['PATH']}"}


def command(python, data, out, plan):
    options = ["--device", "cpu", "--jobs", "2", "--threads", "1"]
    words = ["bash", RECIPE_FOLDER / "rafdb_report.sh", data, out, *options]
    return subprocess.run(
        [*map(str, words)],
        cwd=PROJECT,
        env=os.environ | python | {"PLAN": str(plan)},
        capture_output=True,
        text=True,
        check=False,
    )


def gpu_day(python, minutes, folder, recipes, *, least=1):
    """One step of the GPU day on synthetic faces, on whatever device there is."""
    arguments = [str(minutes), folder / "work", folder / "records", "synthetic?train=56&test=28"]
    tiny = ["image_size=48", "channels=3", "epochs=1", "batch_size=14", "precision=no"]
    return subprocess.run(
        ["bash", recipes / "gpu_day.sh", *arguments, "none", "2", *tiny],
        cwd=PROJECT,
        env=os.environ
        | python
        | {
            "GPU_DAY_LEAST": str(least),
            "GPU_DAY_BARS": "--help",
            "GPU_DAY_RESNET50": "none",
            "GPU_DAY_FER2013": arguments[-1],  # without FER2013's labels
        },
        capture_output=True,
        text=True,
        timeout=500,
    )


@pytest.mark.slow
def test_the_gpu_day_runs_in_steps_and_goes_on_where_it_stopped(called_python, tmp_path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    shutil.copy(RECIPE_FOLDER / "gpu_day.sh", recipes)
    called = re.findall(r"^run_plan (\w+) ", (recipes / "gpu_day.sh").read_text(), re.MULTILINE)
    assert sorted(called) == sorted(set(called))
    assert set(called) == {plan.stem for plan in GPU_PLANS}
    for plan in called:
        text = (RECIPE_FOLDER / f"{plan}.toml").read_text()
        common = text[text.index("[common]") : text.index("[grid]")]
        common = re.sub(r'backbone = "\w+"', 'backbone = "test_resnet"', common)
        common = re.sub(r"stride = 16.*\n", "", common)  # test_resnet has no denser layer
        grid = '[grid]\nmethod = ["cross_entropy"]\nseed = [0]\n'
        (recipes / f"{plan}.toml").write_text(f"{common}\n{grid}")
    nothing = gpu_day(called_python, 1, tmp_path, recipes, least=1000)
    assert nothing.returncode == 0, nothing.stderr
    assert nothing.stdout.count("no time left in this step") == len(called)
    whole = gpu_day(called_python, 7, tmp_path, recipes)
    assert whole.returncode == 0, whole.stderr
    records = read_runs(tmp_path / "records").runs
    assert [record.status for record in records] == ["finished"] * 2
    folders = sorted(record.path.parent.name for record in records)
    assert folders == ["gpu_mobilenetv2", "gpu_resnet50"]  # the plans of a backbone share one
    assert not list((tmp_path / "records").rglob("*.safetensors"))
    bars = sorted((tmp_path / "records").glob("step-*.txt"))
    assert [file.stem for file in bars] == ["step-mobilenetv2_100-gpu", "step-resnet50-gpu"]
    assert all("--backbone" in file.read_text() for file in bars)
    measured = [file.stat().st_mtime_ns for file in bars]
    again = gpu_day(called_python, 7, tmp_path, recipes)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("1 finished") == len(called)
    assert [record.ended for record in read_runs(tmp_path / "records").runs] == [
        record.ended for record in records
    ]
    assert [file.stat().st_mtime_ns for file in bars] == measured


def pair_of(config):
    """What a run and its baseline have in common."""
    free = {"method", "balance_beta", *TREATMENTS, *option_names(config.method)}
    values = {name: value for name, value in to_json(config).items() if name not in free}
    return values, shared_options(to_json(config))
