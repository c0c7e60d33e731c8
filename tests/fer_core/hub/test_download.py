import json
import re
import socket
from pathlib import Path

import pytest
import torch

from fer_core.cli import predict
from fer_core.config.input_spec import InputSpec
from fer_core.hub import download as hub_download
from fer_core.hub.contents import OWN_MODEL
from fer_core.hub.download import (
    fetch_classifier,
    fetch_model,
    is_hub_id,
    resolve_model,
)
from fer_core.inference.predictor import Predictor
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import (
    CARD_FILE,
    CONFIG_FILE,
    WEIGHTS_FILE,
    ModelError,
    load_model,
    save_model,
)
from fer_core.weights import BUNDLED
from tests.foreign_models import save_timm
from tests.hub_server import commit_of, serve_hub, use_hub

NAME = "someone/faces"
TOKEN = "hf_secret0123456789"
GOOD = ("a/b", "some-one/my_model.v2", "a/b@main", "a/b@v1.0", "a/b@" + "0" * 40)
MALFORMED = (
    *("", "a", "a/", "/b", "a/b/c", "../b", "a/..", "a/b--c", "-a/b", "a/b.", "a/b.git", "a b/c"),
    *("a/b@", "a/b@@c", "a/b@../../x", "a/b@/etc", "a/b?c", "hf://a/b", "a/b\n", "ä/b"),
    "a/" + "b" * 96,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A saved model and its card, by file name."""
    torch.manual_seed(0)
    model = AttentionModel("test_resnet", 2, image_size=64, channels=1)
    folder = tmp_path_factory.mktemp("saved")
    places = ((0.31, 0.39), (0.69, 0.39), (0.5, 0.78))
    spec = InputSpec(64, 1, (0.5,), (0.25,), 64, True, places)
    classes = ("neutral", "happiness")
    save_model(
        folder, model, backbone="test_resnet", stride=None, classes=classes, spec=spec, facts={}
    )
    (folder / CARD_FILE).write_text("# A card\n")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def hub(monkeypatch, cache, files):
    """A hub on this computer with one good model, to which the client asks with a token."""
    with serve_hub() as server:
        use_hub(server, monkeypatch, cache, TOKEN)
        server.add(NAME, dict(files))
        yield server


def go_offline(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def refusal(name=NAME, **options):
    """The sentence with which a model is refused."""
    with pytest.raises(ModelError) as caught:
        fetch_model(name, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert TOKEN not in message
    return message


@pytest.mark.slow
def test_a_fetched_model_is_the_published_one(hub, files):
    folder = fetch_model(NAME)
    assert (folder / WEIGHTS_FILE).read_bytes() == files[WEIGHTS_FILE]
    assert load_model(folder).classes == ("neutral", "happiness")


@pytest.mark.slow
def test_only_the_files_of_a_model_are_fetched(hub, files):
    hub.add(NAME, {**files, "pytorch_model.bin": b"pickle", "sub/README.md": b"", "run.py": b""})
    folder = fetch_model(NAME)
    assert {path.name for path in folder.iterdir()} == set(files) <= set(OWN_MODEL.files)
    assert sorted(hub.fetched()) == sorted(files)


@pytest.mark.slow
def test_a_second_fetch_downloads_nothing(hub):
    first = fetch_model(NAME)
    hub.requests.clear()
    assert fetch_model(NAME) == first
    assert hub.fetched() == []


@pytest.mark.slow
def test_a_new_version_is_fetched_and_an_old_one_stays_to_be_had(hub, files):
    old = commit_of(files)
    fetch_model(NAME)
    hub.repositories[NAME].revisions = {
        "main": {**files, CARD_FILE: b"new"},
        "v1": {**files, CARD_FILE: b"tagged"},
        "old": files,
    }
    assert (fetch_model(NAME) / CARD_FILE).read_bytes() == b"new"
    assert (fetch_model(f"{NAME}@v1") / CARD_FILE).read_bytes() == b"tagged"
    assert (fetch_model(f"{NAME}@{old}") / CARD_FILE).read_bytes() == files[CARD_FILE]


@pytest.mark.slow
def test_the_predictor_takes_a_name_of_the_hub_as_its_source(hub, portrait):
    (face,) = Predictor(NAME).predict(portrait)
    assert face.classes == ("neutral", "happiness")


@pytest.mark.slow
@pytest.mark.usefixtures("hub")
def test_the_command_line_takes_a_name_of_the_hub(call_command, portrait, tmp_path):
    portrait.save(tmp_path / "photo.png")
    code, output, errors = call_command(predict, tmp_path / "photo.png", "--model", NAME)
    assert code == 0, errors
    assert ": 1 face\n" in output
    assert "%|" not in errors  # no progress bars


def test_a_folder_of_the_same_name_wins(hub, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / NAME
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert resolve_model(NAME) == Path(NAME)
    assert hub.requests == []


def test_a_path_is_never_looked_for_on_the_hub(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="no model at someone/faces: expected"):
        Predictor(Path(NAME))
    assert hub.requests == []


@pytest.mark.parametrize("name", ["faces", "/srv/model", "a/b/c", "runs/my model", "x" * 5000])
def test_what_is_neither_a_folder_nor_a_name_is_told_both_shapes(name):
    with pytest.raises(ModelError, match=r"neither a folder .* USER/NAME or USER/NAME@REVISION"):
        resolve_model(name)


@pytest.mark.parametrize("name", ["bundled", "embedded"])
def test_the_bundled_model_has_a_name_and_an_old_one(hub, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()  # a folder of that name is named ./bundled
    assert resolve_model(name) == BUNDLED
    assert resolve_model(f"./{name}") == Path(name)
    assert hub.requests == []


def test_the_folder_of_a_run_stands_for_its_model(tmp_path, files):
    run, model = tmp_path / "run", tmp_path / "run" / "model"
    model.mkdir(parents=True)
    for name, content in files.items():
        (model / name).write_bytes(content)
    for text in (run, str(run), model, str(model)):
        assert resolve_model(text) == model
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "run.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no model at .*unfinished.model: expected"):
        load_model(resolve_model(str(tmp_path / "unfinished")))


def test_a_name_that_is_nearly_bundled_is_asked_about():
    with pytest.raises(ModelError, match="did you mean 'bundled'"):
        resolve_model("bundeld")


@pytest.mark.parametrize("name", GOOD)
def test_names_of_the_hub_are_recognised(name):
    assert is_hub_id(name)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_names_are_refused_with_the_shape_before_anything_is_asked(hub, name):
    assert not is_hub_id(name)
    assert "use USER/NAME or USER/NAME@REVISION" in refusal(name)
    assert hub.requests == []


def test_an_unknown_repository_is_told(hub):
    assert refusal("someone/nothing").startswith("no model someone/nothing on the Hub")


def test_a_private_repository_needs_a_login(hub, files):
    hub.add(NAME, files, token="hf_anothertoken")
    assert "hf auth login" in refusal()


def test_the_stored_token_opens_a_private_repository_but_not_for_strangers(hub, files, tmp_path):
    hub.add(NAME, files, token=TOKEN)
    fetch_model(NAME)
    hub.requests.clear()
    assert "no model" in refusal(anonymous=True, cache=tmp_path / "theirs")
    assert {request.token for request in hub.requests} == {None}


def test_strangers_get_public_models_without_the_token_in_their_own_cache(hub, tmp_path):
    folder = fetch_model(NAME, anonymous=True, cache=tmp_path / "theirs")
    assert folder.is_relative_to(tmp_path / "theirs")
    assert {request.token for request in hub.requests} == {None}


def test_strangers_get_nothing_from_the_cache(hub, cache, monkeypatch):
    fetch_model(NAME)
    go_offline(monkeypatch)
    assert "HF_HUB_OFFLINE" in refusal(anonymous=True, cache=cache)


def test_a_gated_repository_names_the_page_of_its_terms(hub, files):
    hub.add(NAME, files, gated=True)
    assert refusal(f"{NAME}@main").endswith(f"{hub.address}/{NAME}")


def test_a_wrong_revision_is_named(hub):
    assert refusal(f"{NAME}@nosuch").startswith(f"the model {NAME} has no revision 'nosuch'")


@pytest.mark.parametrize("absent", [CONFIG_FILE, WEIGHTS_FILE])
def test_a_repository_without_the_files_is_told_what_it_holds(hub, files, absent):
    others = {f"other{number}.bin": b"" for number in range(7)}
    left = {name: content for name, content in files.items() if name != absent}
    hub.add(NAME, {**left, **others})
    message = refusal()
    assert f"expected {CONFIG_FILE} and {WEIGHTS_FILE}, found" in message
    assert message.endswith("and 4 more")
    assert hub.fetched() == []


def test_an_empty_repository_is_told_so(hub):
    hub.add(NAME, {})
    assert refusal().endswith("found nothing")


def test_a_model_of_timm_is_refused_before_its_weights_are_fetched(hub, files):
    config = json.dumps({"architecture": "resnet50", "num_classes": 1000}).encode()
    hub.add(NAME, {**files, CONFIG_FILE: config})
    message = refusal()
    assert "timm's resnet50" in message
    assert "cannot explain its predictions exactly" in message
    assert hub.fetched() == [CONFIG_FILE]


@pytest.mark.parametrize(("config", "words"), [(b"\xff{", "is not JSON"), (b"[]", "of another")])
def test_a_config_of_another_kind_is_refused(hub, files, config, words):
    hub.add(NAME, {**files, CONFIG_FILE: config})
    assert words in refusal()


def test_a_model_above_the_limit_is_refused_before_the_download(hub, files):
    hub.add(NAME, files, sizes={WEIGHTS_FILE: 2_500_000_000})
    assert refusal() == f"the model {NAME} has 2.5 GB, at most 1 GB is downloaded"
    assert hub.fetched() == []


def test_a_giant_card_is_refused_before_the_download(hub, files):
    hub.add(NAME, files, sizes={CARD_FILE: 70_000_000})
    assert "70 MB beside its weights, at most 50 MB" in refusal()
    assert hub.fetched() == []


def test_a_large_file_that_is_not_fetched_does_not_count(hub, files):
    hub.add(NAME, {**files, "optimizer.bin": b""}, sizes={"optimizer.bin": 9_000_000_000})
    assert fetch_model(NAME)


def test_without_a_network_a_fetched_model_still_loads_and_another_one_is_a_sentence(
    hub, monkeypatch
):
    folder = fetch_model(NAME)
    with socket.socket() as nobody:  # bound, but not listening
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        assert fetch_model(NAME) == folder
        message = refusal("someone/else")
    assert message.startswith(f"the Hub at {address} cannot be reached (ConnectError)")


def test_offline_mode_takes_what_is_there_and_says_what_is_not(hub, monkeypatch):
    folder = fetch_model(NAME)
    go_offline(monkeypatch)
    hub.requests.clear()
    assert fetch_model(NAME) == folder
    assert "HF_HUB_OFFLINE" in refusal("someone/else")
    assert hub.requests == []


def test_a_hub_that_does_not_answer_in_time_is_a_sentence(hub, monkeypatch):
    monkeypatch.setattr(hub_download, "PATIENCE", 0.1)
    hub.pause = 1.0
    assert re.search(r"cannot be reached \(\w*Timeout", refusal())


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_in_trouble_is_a_sentence(hub, status):
    hub.status = status
    assert f"HTTP {status}" in refusal()


@pytest.mark.slow
def test_a_hub_in_trouble_does_not_take_a_fetched_model_away(hub):
    folder = fetch_model(NAME)
    hub.status = 503
    assert fetch_model(NAME) == folder


def test_a_token_that_is_no_longer_valid_is_not_shown(hub):
    hub.status = 401
    assert "hf auth login" in refusal()


@pytest.mark.slow
def test_nothing_of_a_broken_download_is_used_and_a_later_try_goes_on(hub, files, monkeypatch):
    hub.cut = 5000
    assert len(files[CONFIG_FILE]) < hub.cut < len(files[WEIGHTS_FILE])
    assert "broke off" in refusal()
    assert "HTTP 503" in refusal()  # what came so far is not taken for the model
    hub.cut = hub.status = None
    assert (fetch_model(NAME) / WEIGHTS_FILE).read_bytes() == files[WEIGHTS_FILE]


def test_a_full_disk_is_a_sentence(hub, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    assert refusal() == f"the model {NAME} cannot be stored: No space left on device"


def test_a_model_of_the_hub_that_does_not_fit_together_is_called_by_its_name(hub, files):
    hub.add(NAME, {**files, WEIGHTS_FILE: b"broken"})
    with pytest.raises(ModelError, match=f"the model at {NAME} cannot be loaded"):
        Predictor(NAME)


@pytest.fixture(scope="module")
def foreign_files(tmp_path_factory):
    """A model of timm by file name, and what else may lie in its repository."""
    folder = save_timm(tmp_path_factory.mktemp("foreign") / "model")
    own = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**own, "preprocessor_config.json": b"{}", "run.py": b"", "pytorch_model.bin": b"pickle"}


def test_of_another_projects_classifier_neither_code_nor_pickle_is_fetched(hub, foreign_files):
    hub.add("other/faces", foreign_files)
    folder = resolve_model("hf:other/faces", foreign=True)
    wanted = {CONFIG_FILE, WEIGHTS_FILE, "preprocessor_config.json"}
    assert {path.name for path in folder.iterdir()} == wanted == set(hub.fetched())


@pytest.mark.slow
def test_a_classifier_may_also_be_one_of_this_project(hub, files):
    assert load_model(resolve_model(f"hf:{NAME}", foreign=True)).classes == ("neutral", "happiness")
    assert resolve_model(NAME, foreign=True) == resolve_model(f"hf:{NAME}", foreign=True)


def test_a_classifier_that_cannot_be_reached_is_taken_from_the_cache(
    hub, foreign_files, monkeypatch
):
    hub.add("other/faces", foreign_files)
    folder = fetch_classifier("other/faces")
    go_offline(monkeypatch)
    assert fetch_classifier("other/faces") == folder


@pytest.mark.parametrize(
    ("change", "sizes", "message"),
    [
        ({WEIGHTS_FILE: None}, {}, "pytorch_model.bin, which can run code when it is opened"),
        ({}, {WEIGHTS_FILE: 2_500_000_000}, "has 2.5 GB, at most 1 GB is downloaded"),
        ({}, {"preprocessor_config.json": 70_000_000}, "has 70 MB beside its weights"),
        ({CONFIG_FILE: b"[1]"}, {}, "none of timm"),
        ({CONFIG_FILE: b"{"}, {}, "is not JSON"),
    ],
)
def test_a_classifier_is_refused_before_its_weights_are_fetched(
    hub, foreign_files, change, sizes, message
):
    changed = {**foreign_files, **change}
    hub.add("other/faces", {n: c for n, c in changed.items() if c is not None}, sizes=sizes)
    with pytest.raises(ModelError, match=message):
        fetch_classifier("other/faces")
    assert WEIGHTS_FILE not in hub.fetched()


def test_who_names_another_projects_model_where_maps_are_needed_hears_what_measures_it(
    hub, foreign_files
):
    hub.add("other/faces", foreign_files)
    assert "`fer-core evaluate hf:other/faces`" in refusal("other/faces")
