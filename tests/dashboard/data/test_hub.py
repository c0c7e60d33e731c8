"""Results on the Hub, from a server on this computer."""

from pathlib import Path

import pytest

from dashboard.data import hub as hub_source
from dashboard.data.hub import Address, HubSourceError, fetch, parse
from dashboard.data.names import read_folders
from tests import hub_server

TOKEN = "hf_not_a_real_token"


@pytest.fixture
def server(monkeypatch, tmp_path):
    with hub_server.serve_hub() as running:
        hub_server.use_hub(running, monkeypatch, tmp_path / "cache", None)
        yield running


@pytest.fixture
def files(tmp_path, write_run):
    """Two records, one in a folder, with files that are not part of them."""
    root = tmp_path / "upload"
    for name in ("first", "study/second"):
        path = write_run(root, name=name)
        for extra in ("robustness.json", "maps.json", "predictions.csv.gz"):
            (path / extra).write_text(f'{{"file": "{extra}"}}')
        (path / "checkpoint").mkdir()
        (path / "checkpoint" / "state.bin").write_bytes(b"x" * 1000)
    (root / "README.md").write_text("results")
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("hf://me/results", ("me/results", "", "")),
        (" hf://datasets/me/results/ ", ("me/results", "", "")),
        ("hf://me/results@v1.0", ("me/results", "v1.0", "")),
        ("hf://me/results/study/clean", ("me/results", "", "study/clean")),
        ("hf://me/results@main/noise=0.3", ("me/results", "main", "noise=0.3")),
    ],
)
def test_an_address_has_a_repository_a_revision_and_a_folder(text, address):
    assert parse(text) == Address(*address)


@pytest.mark.parametrize(
    "text", ["hf://results", "hf://me/re--sults", "hf://me/results/../x", "hf://me/results/*"]
)
def test_an_address_of_another_shape_is_refused_with_the_right_one(text):
    with pytest.raises(HubSourceError, match=r"is not an address .*hf://USER/NAME"):
        parse(text)


@pytest.mark.slow
def test_only_the_files_of_records_are_downloaded(server, files):
    server.add("datasets/me/results", files)
    found = fetch("hf://me/results")
    runs = read_folders([found.folder])
    assert sorted(runs.table["run"]) == ["first", "study/second"]
    assert {Path(name).name for name in server.fetched()} == set(hub_source.FILES)
    assert found.link == f"{server.address}/datasets/me/results/tree/main"


def test_a_folder_of_a_data_set_leaves_the_others_on_the_hub(server, files):
    server.add("datasets/me/results", files)
    found = fetch("hf://me/results/study")
    assert read_folders([found.folder]).table["run"].tolist() == ["second"]
    assert all(name.startswith("study/") for name in server.fetched())
    assert found.name == "me/results/study"


def test_what_is_there_already_is_not_downloaded_again(server, files):
    server.add("datasets/me/results", files)
    fetch("hf://me/results")
    server.requests.clear()
    fetch("hf://me/results")
    assert server.fetched() == []


@pytest.mark.slow
def test_a_new_epoch_on_the_hub_is_found(server, files):
    server.add("datasets/me/results", files)
    before = read_folders([fetch("hf://me/results").folder])
    longer = files["first/epochs.jsonl"] + files["first/epochs.jsonl"].splitlines(True)[-1]
    server.add("datasets/me/results", files | {"first/epochs.jsonl": longer})
    after = read_folders([fetch("hf://me/results").folder])
    assert len(after.epochs) == len(before.epochs) + 1


@pytest.mark.parametrize("trouble", ["status", "closed", "offline"])
def test_without_the_hub_an_earlier_download_is_shown_and_said(server, files, monkeypatch, trouble):
    from huggingface_hub import constants

    server.add("datasets/me/results", files)
    whole = fetch("hf://me/results")
    if trouble == "status":
        server.status = 503
    elif trouble == "closed":
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    else:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    again = fetch("hf://me/results")
    assert again.folder == whole.folder
    assert "from an earlier download" in again.note


def test_without_the_hub_and_an_earlier_download_there_is_a_sentence(server, monkeypatch):
    server.status = 503
    with pytest.raises(HubSourceError, match="answers HTTP 503, asked for me/results: try again"):
        fetch("hf://me/results")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubSourceError, match=r"127.0.0.1:9 cannot be reached \(ConnectError\)"):
        fetch("hf://me/results")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubSourceError, match="results is not on this computer, and HF_HUB_OFF"):
        fetch("hf://me/results")


def test_an_unknown_data_set_is_a_sentence(server):
    with pytest.raises(HubSourceError, match=r"no data set me/none on the Hub .*`hf auth login`"):
        fetch("hf://me/none")


def test_an_unknown_revision_is_named(server, files):
    server.add("datasets/me/results", files)
    with pytest.raises(HubSourceError, match="has no revision 'v9'"):
        fetch("hf://me/results@v9")


def test_a_gated_data_set_says_where_to_consent(server, files):
    server.add("datasets/me/results", files, gated=True)
    with pytest.raises(
        HubSourceError, match=r"consent to its terms: give it at .*/datasets/me/res"
    ):
        fetch("hf://me/results")


def test_a_data_set_without_records_is_refused_before_anything_is_downloaded(server):
    server.add("datasets/me/pictures", {"README.md": b"pictures", "one.png": b"png"})
    with pytest.raises(HubSourceError, match="contains no run record: expected folders with a run"):
        fetch("hf://me/pictures")
    assert server.fetched() == []


def test_a_folder_without_records_is_refused(server, files):
    server.add("datasets/me/results", files)
    with pytest.raises(HubSourceError, match="me/results/other contains no run record"):
        fetch("hf://me/results/other")


def test_far_too_much_is_refused_before_it_is_downloaded(server, files):
    server.add("datasets/me/results", files, sizes={"first/predictions.csv": 3_000_000_000})
    with pytest.raises(HubSourceError, match=r"3\.0 GB.* 2 GB"):
        fetch("hf://me/results")
    assert server.fetched() == []


@pytest.mark.slow
def test_a_download_that_breaks_off_is_a_sentence(server, files):
    server.add("datasets/me/results", files)
    server.cut = 100
    with pytest.raises(HubSourceError, match="the download of me/results broke off"):
        fetch("hf://me/results")


def test_a_private_data_set_opens_with_the_token_and_no_message_repeats_it(
    server, files, monkeypatch
):
    server.add("datasets/me/secret", files, token=TOKEN)
    with pytest.raises(HubSourceError) as refused:
        fetch("hf://me/secret")
    assert TOKEN not in str(refused.value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert len(read_folders([fetch("hf://me/secret").folder]).table) == 2
