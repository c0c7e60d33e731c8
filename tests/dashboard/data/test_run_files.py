"""Tags, archive, new names and deletion of runs."""

import pytest

from dashboard.data.names import read_folders
from dashboard.data.run_files import (
    MOST_TAGS,
    RunFileError,
    delete_run,
    read_tags,
    rename_run,
    set_archived,
    write_tags,
)
from dashboard.data.sources import RecordSource

FINISHED = "finished"


@pytest.fixture
def run(tmp_path, write_run):
    return write_run(tmp_path / "records", name="run")


@pytest.fixture
def source(run):
    return RecordSource("records", run.parent, writable=True)


def test_tags_are_kept_once_in_their_order_and_none_leave_no_file(run):
    assert read_tags(run) == ()
    write_tags(run, [" paper ", "best  of\nall", "paper", ""])
    assert read_tags(run) == ("paper", "best of all")
    assert read_folders([run.parent]).table["tags"].item() == "paper, best of all"
    write_tags(run, [])
    assert not (run / "tags.txt").exists()


def test_too_many_and_too_long_tags_are_refused_and_change_nothing(run):
    write_tags(run, ["paper"])
    with pytest.raises(RunFileError, match=f"at most {MOST_TAGS} tags, got {MOST_TAGS + 1}"):
        write_tags(run, [str(number) for number in range(MOST_TAGS + 1)])
    with pytest.raises(RunFileError, match="at most 40 characters"):
        write_tags(run, ["x" * 41])
    assert read_tags(run) == ("paper",)


def test_a_link_is_not_read_as_tags_or_as_a_note(run, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("of somebody else")
    (run / "tags.txt").symlink_to(secret)
    (run / "notes.md").symlink_to(secret)
    row = read_folders([run.parent]).table.iloc[0]
    assert row["tags"] == ""
    assert "somebody" not in row["note"]


def test_an_archived_run_is_on_no_page_until_it_is_brought_back(run, write_run):
    write_run(run.parent, name="other")
    set_archived(run, archived=True)
    runs = read_folders([run.parent])
    assert runs.table["run"].tolist() == ["other"]
    assert dict(runs.archived) == {"run": run}
    set_archived(run, archived=False)
    assert sorted(read_folders([run.parent]).table["run"]) == ["other", "run"]


def test_a_run_is_renamed_with_its_files(run, source):
    target = rename_run(run, " better name ", source, FINISHED)
    assert target == run.parent / "better name"
    assert read_folders([run.parent]).table["run"].tolist() == ["better name"]


@pytest.mark.parametrize("name", ["", "..", "../up", "a/b", ".hidden", "other", "x" * 101, "a\nb"])
def test_a_name_that_cannot_be_one_is_refused(run, source, write_run, name):
    write_run(run.parent, name="other")
    with pytest.raises(RunFileError, match=r"a name has|exists already"):
        rename_run(run, name, source, FINISHED)
    assert run.is_dir()


def test_a_run_is_deleted_and_no_other(run, source, write_run):
    other = write_run(run.parent, name="other")
    delete_run(run, source, FINISHED)
    assert not run.exists()
    assert other.is_dir()


def test_a_run_that_still_trains_stays(run, source):
    for change in (
        lambda: delete_run(run, source, "running"),
        lambda: rename_run(run, "new", source, "running"),
    ):
        with pytest.raises(RunFileError, match="still running"):
            change()
    assert run.is_dir()


def test_what_lies_elsewhere_and_what_holds_other_runs_is_not_deleted(run, source, write_run):
    outside = write_run(run.parent.parent / "elsewhere", name="outside")
    link = run.parent / "link"
    link.symlink_to(outside, target_is_directory=True)
    inner = write_run(run, name="inner")
    for folder, problem in ((link, "is a link"), (outside, "is a link"), (run, "another run lies")):
        with pytest.raises(RunFileError, match=problem):
            delete_run(folder, source, FINISHED)
    with pytest.raises(RunFileError, match="is the source itself"):
        delete_run(source.folder, source, FINISHED)
    assert outside.is_dir()
    assert inner.is_dir()
