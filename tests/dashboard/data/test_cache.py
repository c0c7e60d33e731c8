"""Reading records, and reading them again."""

import json

import pytest

from dashboard.data import cache as reader_module
from dashboard.data.cache import KEPT_RUNS, Reader
from dashboard.data.sources import RecordSource
from dashboard.data.tables import EPOCH_COLUMNS, RUN_COLUMNS


@pytest.fixture
def read_names(monkeypatch):
    """The names of the records that were read from disk, in order."""
    names = []
    original = reader_module.read_run

    def note(path):
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(reader_module, "read_run", note)
    return names


def source_of(folder):
    return RecordSource(folder.name, folder)


def append_epoch(path, number, **values):
    last = json.loads((path / "epochs.jsonl").read_text().splitlines()[-1])
    with (path / "epochs.jsonl").open("a") as file:
        file.write(json.dumps(last | {"epoch": number} | values) + "\n")


def test_only_the_record_that_has_changed_is_read_again(records, read_names):
    reader, sources = Reader(), [source_of(records)]
    before = reader.read(sources)
    assert len(read_names) == 8
    assert reader.read(sources) is before
    append_epoch(records / "eac-mobilenetv2_100-30-s0", 7, eval_accuracy=0.5)
    after = reader.read(sources)
    assert read_names[8:] == ["eac-mobilenetv2_100-30-s0"]
    assert after.fingerprint != before.fingerprint
    assert len(after.epochs) == len(before.epochs) + 1
    assert after.table.set_index("run").at["eac-mobilenetv2_100-30-s0", "epochs_done"] == 7


def test_a_new_run_appears_and_a_deleted_one_goes(records, write_run, read_names):
    reader, sources = Reader(), [source_of(records)]
    reader.read(sources)
    path = write_run(records, name="new", seed=7)
    assert "new" in reader.read(sources).folders
    (path / "run.json").unlink()
    assert "new" not in reader.read(sources).folders
    assert read_names[8:] == ["new"]


def test_a_broken_record_is_read_again_once_it_is_mended(tmp_path, write_run):
    path = write_run(tmp_path)
    whole = (path / "run.json").read_text()
    (path / "run.json").write_text(whole[:100])
    reader, sources = Reader(), [source_of(tmp_path)]
    assert len(reader.read(sources).problems) == 1
    (path / "run.json").write_text(whole)
    assert len(reader.read(sources).table) == 1


def test_a_second_place_reads_nothing_of_the_first_again(tmp_path, write_run, read_names):
    for name in ("one", "two"):
        write_run(tmp_path / name, name=name)
    reader = Reader()
    one, two = (source_of(tmp_path / name) for name in ("one", "two"))
    reader.read([one])
    runs = reader.read([one, two])
    assert read_names == ["one", "two"]
    assert runs.table["source"].tolist() == ["one", "two"]
    assert {run: source.name for run, source in runs.sources.items()} == {
        "one": "one",
        "two": "two",
    }


def test_equally_named_runs_of_equally_named_sources_have_names_of_their_own(tmp_path, write_run):
    sources = []
    for name in ("a", "b", "c", "d"):
        write_run(tmp_path / name / "runs", name="same")
        sources.append(source_of(tmp_path / name / "runs"))
    runs = Reader().read(sources)
    assert runs.table["run"].tolist() == ["same", "runs/same", "runs/same (2)", "runs/same (3)"]
    assert list(runs.folders.values()) == [source.folder / "same" for source in sources]


@pytest.mark.slow
def test_tables_of_sources_that_are_no_longer_asked_for_are_forgotten(tmp_path, write_run):
    reader = Reader()
    for number in range(KEPT_RUNS + 2):
        write_run(tmp_path / str(number))
        reader.read([source_of(tmp_path / str(number))])
    assert len(reader._runs) == KEPT_RUNS


def test_the_tables_have_their_columns_even_without_runs(tmp_path):
    runs = Reader().read([source_of(tmp_path)])
    assert tuple(runs.table.columns) == RUN_COLUMNS
    assert tuple(runs.epochs.columns) == EPOCH_COLUMNS


def test_epochs_keep_what_was_recorded_and_nothing_else(tmp_path, write_run):
    path = write_run(tmp_path, method="cross_entropy")
    runs = Reader().read([source_of(tmp_path)])
    lines = [json.loads(line) for line in (path / "epochs.jsonl").read_text().splitlines()]
    assert runs.epochs["train_seconds"].tolist() == [line["train_seconds"] for line in lines]
    assert runs.epochs["train_consistency_loss"].isna().all()
    assert runs.table["images_per_second"].tolist() == [150.0]


@pytest.mark.parametrize("values", [{"epoch": None}, {"eval_accuracy": "high"}])
def test_an_epoch_that_makes_no_sense_makes_the_record_unreadable(tmp_path, write_run, values):
    path = write_run(tmp_path)
    append_epoch(path, 7, **values)
    runs = Reader().read([source_of(tmp_path)])
    assert runs.table.empty
    assert str(path) in runs.problems[0]


def test_a_folder_below_a_link_is_not_followed_into_a_circle(tmp_path, write_run):
    write_run(tmp_path, name="run")
    (tmp_path / "run" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert list(Reader().read([source_of(tmp_path)]).folders) == ["run"]


def test_measures_of_maps_belong_to_one_model_and_lie_inside_of_a_fixed_source(
    records, write_maps, tmp_path, monkeypatch
):
    folder = records / "eac-mobilenetv2_100-30-s0"
    write_maps(folder / "maps.json", "a", against="b")
    runs = Reader().read([source_of(records)])
    assert (len(runs.table), runs.problems) == (8, [])  # the record itself can be read
    (remark,) = runs.remarks
    assert remark.startswith("maps.json of eac-mobilenetv2_100-30-s0 is not shown: ")
    assert "compares a and b" in remark
    (folder / "maps.json").unlink()
    (folder / "maps.json").symlink_to(write_maps(tmp_path / "elsewhere.json"))
    assert Reader().read([source_of(records)]).remarks == ()
    monkeypatch.setenv("FER_RUNS", str(records))
    (remark,) = Reader().read([source_of(records)]).remarks
    assert "link to a file outside" in remark
