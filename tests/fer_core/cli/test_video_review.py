import csv
import errno
import json
from xml.etree import ElementTree

import pytest

from fer_core.cli import predict, video_files
from fer_core.cli.video_files import WRITTEN
from fer_core.emotions import SEVEN_CLASSES
from fer_core.io.files import write_whole
from fer_core.video.writer import VideoWriter

pytest.importorskip("av")


@pytest.fixture
def clip(tmp_path, portrait):
    """A face of four tenths of a second."""
    with VideoWriter(tmp_path / "clip.mp4") as file:
        for index in range(4):
            file.write(portrait, index / 10)
    return tmp_path / "clip.mp4"


@pytest.fixture
def command(call_command, tiny_run, clip, tmp_path):
    def run(*arguments):
        model = ("--model", tiny_run.path / "model")
        return call_command(predict, clip, *model, *arguments)

    return run


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_video_gives_tables_for_r_and_elan_and_its_events(command, tmp_path):
    rules = [word for name in SEVEN_CLASSES for word in ("--event", f"{name}:0.01:0.3")]
    code, _, _ = command("--out", tmp_path / "out", *rules)
    assert code == 0
    long = rows(tmp_path / "out" / "clip.long.csv")
    assert len(long) == 4 * len(SEVEN_CLASSES)
    events = rows(tmp_path / "out" / "clip.events.csv")
    assert {event["duration_s"] for event in events} == {"0.4"}
    people = rows(tmp_path / "out" / "clip.people.csv")
    assert {one["person"] for one in people} == {"Face 1"}
    assert sum(float(one["share_of_time"]) for one in people) == pytest.approx(1, abs=1e-3)
    assert rows(tmp_path / "out" / "clip.transitions.csv") == []
    root = ElementTree.parse(tmp_path / "out" / "clip.eaf").getroot()
    assert [tier.get("TIER_ID") for tier in root.iter("TIER")] == ["Face 1", "Face 1 events"]
    report = json.loads((tmp_path / "out" / "clip.json").read_text())
    assert len(report["events"]) == len(events)
    assert [one["seen_s"] for one in report["people"]] == [0.4]
    assert len(report["rows"]) == 4


def test_excluded_times_are_left_out_of_summaries_and_not_of_the_table(command, tmp_path):
    command("--out", tmp_path / "out", "--exclude", "0-0.2")
    report = json.loads((tmp_path / "out" / "clip.json").read_text())
    assert [one["seen_s"] for one in report["people"]] == [0.2]
    assert report["excluded"] == [[0.0, 0.2]]
    assert len(report["rows"]) == len(rows(tmp_path / "out" / "clip.csv")) == 4


@pytest.mark.parametrize(
    ("options", "named"),
    [(("--event", "joy:0.5"), "joy"), (("--exclude", "5-3"), "5-3")],
)
def test_an_option_that_is_not_understood_stops_before_the_first_prediction(
    command, tmp_path, options, named
):
    code, output, error = command("--out", tmp_path / "out", *options)
    assert code
    assert named in f"{code} {error}"
    assert output == ""
    assert list((tmp_path / "out").iterdir()) == []


def test_events_without_a_place_for_them_are_refused(command):
    code, _, error = command("--event", "fear")
    assert "--out" in f"{code} {error}"


def test_a_second_call_replaces_its_own_files_and_none_that_was_edited(command, tmp_path):
    out = tmp_path / "out"
    command("--out", out)
    code, _, _ = command("--out", out, "--event", "happiness:0.01:0.3")
    assert code == 0
    assert json.loads((out / "clip.json").read_text())["rules"]
    corrected = (out / "clip.eaf").read_text().replace("Face 1", "Anna")
    (out / "clip.eaf").write_text(corrected)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    code, output, _ = command("--out", out)
    assert "clip.eaf already exists and would be replaced" in str(code)
    assert output == ""
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_an_edited_summary_is_not_replaced(command, tmp_path):
    command("--out", tmp_path)
    edited = (tmp_path / "clip.json").read_text().replace('"moments": 4', '"moments": 4, "mine": 1')
    (tmp_path / "clip.json").write_text(edited)
    code, _, _ = command("--out", tmp_path)
    assert "clip.json already exists" in str(code)
    assert (tmp_path / "clip.json").read_text() == edited


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("ending", [*WRITTEN, ".json"])
def test_a_call_that_ends_while_it_writes_can_be_repeated(
    command, tmp_path, monkeypatch, first, ending
):
    out = tmp_path / "out"
    if not first:
        command("--out", out)

    def full(file, content):
        if file == (out / "clip.mp4").with_suffix(ending):
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        write_whole(file, content)

    with monkeypatch.context() as disk:
        disk.setattr(video_files, "write_whole", full)
        assert "No space left" in str(command("--out", out, "--event", "happiness:0.01:0.3"))
    code, _, errors = command("--out", out)
    assert (code, errors) == (0, "")
    assert json.loads((out / "clip.json").read_text())["rules"] == []
    assert {file.suffix for file in out.iterdir()} == {".csv", ".json", ".eaf", ".jsonl"}


@pytest.mark.parametrize("name", ["clip.eaf", "clip.csv", "clip.json", "clip.events.csv"])
def test_files_of_ones_own_beside_the_video_stay(command, tmp_path, name):
    (tmp_path / name).write_text('{"frames": []}')
    code, _, _ = command("--out", tmp_path)
    assert f"{name} already exists" in str(code)
    assert "--out" in str(code)
    assert (tmp_path / name).read_text() == '{"frames": []}'
    assert {file.name for file in tmp_path.iterdir()} >= {"clip.mp4", name}
    assert not (tmp_path / "clip.people.csv").exists()
