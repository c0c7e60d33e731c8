"""Files of figures under corruption: which are found, and what is said of the others."""

import json
import math

import pytest

from dashboard.data import robustness
from dashboard.data.cache import Reader, scan
from dashboard.data.robustness import read_files, shipped_files
from dashboard.data.sources import RecordSource


def source_of(folder, link=""):
    return RecordSource(folder.name, folder, link)


def found_in(folder, link=""):
    return read_files(scan([source_of(folder, link)]).robustness)


def model_names(files):
    return [[model.name for model in one.models] for one in files.comparisons]


def change(path, edit):
    report = json.loads(path.read_text())
    edit(report["model"]["robustness"])
    path.write_text(json.dumps(report))


def test_files_in_run_folders_and_beside_them_are_found(tmp_path, write_run, write_robustness):
    run = write_run(tmp_path / "sweep", name="run")
    write_robustness(run / "robustness.json", "run")
    write_robustness(tmp_path / "any name.json", "beside")
    (tmp_path / "folder").mkdir()
    write_robustness(tmp_path / "folder" / "robustness.json", "in no run")
    write_robustness(run / "other.json", "other name")
    files = found_in(tmp_path)
    assert model_names(files) == [["run", "beside"]]
    assert files.problems == []


def test_json_files_of_another_kind_are_no_problem(tmp_path, write_robustness):
    (tmp_path / "plan.json").write_text('{"runs": 3}')
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "evaluation.json").write_text(
        '{"model": {"name": "a", "robustness": null}, "against": null, "data": {}}'
    )
    (tmp_path / "folder.json").mkdir()
    assert found_in(tmp_path) == ([], [])


@pytest.mark.parametrize(
    ("text", "named"),
    [("{", "readable"), ("[]", "--robustness"), ('{"model": null, "against": null}', "corruption")],
)
def test_a_broken_file_is_named_and_loses_no_other(tmp_path, write_robustness, text, named):
    write_robustness(tmp_path / "good.json")
    (tmp_path / "my_robustness.json").write_text(text)
    files = found_in(tmp_path)
    assert model_names(files) == [["camera"]]
    (problem,) = files.problems
    assert f"{tmp_path.name}/my_robustness.json" in problem
    assert str(tmp_path) not in problem
    assert named in problem


@pytest.mark.parametrize(
    "edit",
    [
        lambda found: found["clean"].update(ece=1.5),
        lambda found: found["clean"].update(ece=None),
        lambda found: found["clean"]["accuracy"].update(interval=[0.1, 0.2, 0.3]),
        lambda found: found["kinds"]["noise"]["levels"][0].update(strength="much"),
        lambda found: found["kinds"]["noise"]["levels"][0].update(strength=math.inf),
        lambda found: found["kinds"]["noise"]["levels"][0]["lost"].update(value=math.nan),
        lambda found: found["kinds"]["noise"].update(levels=[]),
        lambda found: found.update(kinds={}),
        lambda found: found.update(side="wide"),
        lambda found: found.pop("seed"),
    ],
)
def test_impossible_figures_are_refused_with_the_name_of_the_file(tmp_path, write_robustness, edit):
    change(write_robustness(tmp_path / "made.json"), edit)
    files = found_in(tmp_path)
    assert files.comparisons == []
    (problem,) = files.problems
    assert f"{tmp_path.name}/made.json is not an evaluation under corruption" in problem


def test_served_to_others_a_link_out_of_the_folder_is_not_read(
    tmp_path, write_run, write_robustness, monkeypatch
):
    runs = tmp_path / "runs"
    run = write_run(runs, name="run")
    outside = write_robustness(tmp_path / "secret.json", "secret")
    (runs / "beside.json").symlink_to(outside)
    (run / "robustness.json").symlink_to(outside)
    write_robustness(runs / "inside.json", "inside")
    (runs / "link.json").symlink_to(runs / "inside.json")
    assert model_names(found_in(runs)) == [["secret", "inside"]]
    monkeypatch.setenv("FER_RUNS", str(runs))
    files = found_in(runs)
    assert model_names(files) == [["inside"]]
    assert [problem.split(" ")[0] for problem in files.problems] == [
        "runs/run/robustness.json",
        "runs/beside.json",
    ]
    # The client of the Hub keeps its downloads as links into a folder of its own.
    assert model_names(found_in(runs, "https://example.org")) == [["secret", "inside"]]


def test_a_link_to_nothing_and_a_huge_file_are_sentences(tmp_path, write_robustness, monkeypatch):
    (tmp_path / "gone.json").symlink_to(tmp_path / "nothing")
    write_robustness(tmp_path / "large.json")
    monkeypatch.setattr(robustness, "LARGEST", 100)
    gone, large = found_in(tmp_path).problems
    assert "gone.json" in gone
    assert "large.json" in large


def test_a_new_file_changes_the_fingerprint(tmp_path, write_run, write_robustness):
    run = write_run(tmp_path)
    reader, sources = Reader(), [source_of(tmp_path)]
    before = reader.read(sources)
    assert before.robustness == ()
    write_robustness(run / "robustness.json")
    between = reader.read(sources)
    write_robustness(tmp_path / "beside.json", "beside")
    after = reader.read(sources)
    assert len({before.fingerprint, between.fingerprint, after.fingerprint}) == 3
    assert [file.path.name for file in after.robustness] == ["robustness.json", "beside.json"]


def test_shipped_models_come_first(tmp_path, write_robustness, monkeypatch):
    monkeypatch.setattr(robustness, "WEIGHTS", tmp_path)
    for name in ("bundled", "another", "unmeasured"):
        (tmp_path / name).mkdir()
    for name in ("another", "bundled"):
        write_robustness(tmp_path / name / "robustness.json", name)
    assert model_names(read_files(shipped_files())) == [["bundled", "another"]]
