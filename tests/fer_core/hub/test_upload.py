import logging

import pytest

from fer_core.hub.upload import UploadError, upload_folder
from tests.hub_server import serve_own_hub

TOKEN = "hf_secret0123456789"
NAME = "me/thing"
WEIGHTS = bytes(range(256)) * 400  # binary: goes another way than texts


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A hub on this computer on which the account ``me`` may write."""
    with serve_own_hub(monkeypatch, tmp_path / "cache", TOKEN) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    (made / "sub").mkdir(parents=True)
    (made / "README.md").write_text("---\nlicense: mit\n---\n# A card\n")
    (made / "sub" / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(WEIGHTS)
    return made


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def upload(folder, **options):
    settings = {"repository": NAME, "kind": "model", "message": "Publish it"}
    return upload_folder(folder, **{**settings, **options})


def refusal(folder, **options):
    """The sentence with which an upload is refused."""
    with pytest.raises(UploadError) as caught:
        upload(folder, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert TOKEN not in message
    return message


@pytest.mark.parametrize(
    ("kind", "place"),
    [("model", NAME), ("dataset", f"datasets/{NAME}"), ("space", f"spaces/{NAME}")],
)
def test_a_folder_becomes_a_repository_in_one_commit(server, folder, kind, place):
    sdk = "gradio" if kind == "space" else None
    address = upload(folder, kind=kind, space_sdk=sdk)
    assert address == f"{server.address}/{place}"
    repository = server.repositories[place]
    assert repository.revisions["main"] == contents(folder)
    assert repository.messages == ["Publish it"]
    assert repository.facts.get("sdk") == sdk
    assert repository.token is None


@pytest.mark.slow
def test_a_repository_of_ones_own_gets_a_new_version(server, folder):
    upload(folder)
    (folder / "sub" / "config.json").write_text('{"new": 1}')
    upload(folder, message="Better")
    repository = server.repositories[NAME]
    assert repository.revisions["main"] == contents(folder)
    assert repository.messages == ["Publish it", "Better"]


@pytest.mark.slow
def test_what_is_there_already_is_not_sent_again(server, folder):
    upload(folder)
    server.requests.clear()
    upload(folder)
    assert server.repositories[NAME].messages == ["Publish it"]
    assert [request for request in server.requests if request.method == "PUT"] == []


@pytest.mark.slow
def test_files_that_are_replaced_leave_and_those_of_others_stay(server, folder):
    upload(folder)
    server.repositories[NAME].revisions["main"]["notes.txt"] = b"by hand"
    (folder / "sub" / "config.json").unlink()
    upload(folder, replaces=("sub/config.json", "absent.png"))
    expected = contents(folder) | {"notes.txt": b"by hand"}
    assert server.repositories[NAME].revisions["main"] == expected


def test_a_private_repository_is_made_private(server, folder):
    upload(folder, private=True)
    assert server.repositories[NAME].facts["visibility"] == "private"


@pytest.mark.parametrize("where", ["/lfs/", "/objects/batch", "/preupload/", "/commit/"])
@pytest.mark.slow
def test_an_upload_that_breaks_off_shows_nothing_and_a_second_try_completes_it(
    server, folder, where
):
    upload(folder)
    before = server.repositories[NAME].revisions["main"]
    (folder / "model.safetensors").write_bytes(WEIGHTS + b"new")
    (folder / "sub" / "config.json").write_text('{"new": 1}')
    server.breaks = where
    assert f"no half of it is to be seen at {server.address}/{NAME}; try again" in refusal(folder)
    assert server.repositories[NAME].revisions["main"] == before
    server.status = None
    upload(folder, message="Second")
    assert server.repositories[NAME].revisions["main"] == contents(folder)
    assert server.repositories[NAME].messages == ["Publish it", "Second"]


@pytest.mark.slow
def test_the_first_upload_that_breaks_off_leaves_an_empty_repository(server, folder):
    server.breaks = "/lfs/"
    message = refusal(folder)
    asked_anew = any("/lfs/" in request.path for request in server.requests)  # not by old clients
    cause = "HTTP 503" if asked_anew else "(RemoteProtocolError)"
    assert f"{cause}: no half of it is to be seen" in message
    assert server.repositories[NAME].revisions["main"] == {}


@pytest.mark.slow
def test_a_wrong_token_is_a_sentence(server, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_anotherone")
    message = refusal(folder)
    assert message.startswith(f"the Hub refuses the access token, asked to create the model {NAME}")
    assert server.repositories == {}


def test_without_a_token_nothing_is_asked(server, folder, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    assert "cannot be uploaded without an access token: `hf auth login`" in refusal(folder)
    assert server.requests == []


@pytest.mark.parametrize("exists", [True, False])
def test_a_repository_of_someone_else_is_refused_and_stays_as_it_is(server, folder, exists):
    if exists:
        server.add("other/thing", {"README.md": b"theirs"})
    message = refusal(folder, repository="other/thing")
    assert message.startswith("the access token may not write to the model other/thing: name a")
    files = server.repositories["other/thing"].revisions["main"] if exists else None
    assert files == ({"README.md": b"theirs"} if exists else None)


def test_without_a_network_it_is_a_sentence(server, folder, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert refusal(folder).startswith("the Hub at http://127.0.0.1:9 cannot be reached (Connect")


def test_offline_mode_is_a_sentence(server, folder, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert refusal(folder) == f"HF_HUB_OFFLINE forbids to upload {NAME}: unset it"
    assert server.requests == []


@pytest.mark.parametrize("status", [429, 500])
def test_a_hub_in_trouble_is_a_sentence(server, folder, status):
    server.status = status
    assert refusal(folder).startswith(f"the Hub answers HTTP {status}: no half of it is to be seen")


def test_a_card_that_the_hub_cannot_read_is_refused_before_anything_is_sent(server, folder):
    (folder / "README.md").write_text("---\nlicense: [\n---\n")
    assert f"the model {NAME} is not uploaded: Invalid metadata in README.md" in refusal(folder)
    assert server.repositories[NAME].revisions["main"] == {}
    assert server.stored == {}


@pytest.mark.parametrize("name", ["thing", "a/b/c", "a/b@main", "../b", "a/b--c", "x/" + "y" * 96])
def test_a_malformed_name_is_refused_with_the_right_shape(server, folder, name):
    assert "is not a repository name: use USER/NAME" in refusal(folder, repository=name)
    assert server.requests == []


@pytest.mark.parametrize("name", ["pytorch_model.bin", "sub/STATE.PT", "a.pkl"])
def test_a_pickle_is_never_uploaded(server, folder, name):
    (folder / name).write_bytes(b"\x80\x04N.")
    assert f"{name} can hold a pickle" in refusal(folder)
    assert server.requests == []


def test_a_folder_that_is_absent_or_empty_is_refused(server, tmp_path):
    assert "no folder at" in refusal(tmp_path / "absent")
    (tmp_path / "empty" / "sub").mkdir(parents=True)
    assert "has no files to upload" in refusal(tmp_path / "empty")


def test_a_space_needs_its_kind(server, folder):
    assert "space_sdk gradio, docker or static" in refusal(folder, kind="space")


@pytest.mark.slow
def test_the_token_is_never_printed_or_logged(server, folder, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        upload(folder)
        server.breaks = "/commit/"
        (folder / "sub" / "config.json").write_text("changed")
        refusal(folder)
    assert {request.token for request in server.requests} == {TOKEN, None}  # None: the stored file
    output = capfd.readouterr()
    assert TOKEN not in caplog.text + output.out + output.err
    assert "%|" not in output.err  # no progress bars
