"""Models of the Hugging Face Hub: fetched with the Hub's own client.

``USER/NAME`` or ``USER/NAME@REVISION`` becomes a folder of the client's cache, which holds whole
files only: a download that broke off is finished by the next one. Where the Hub cannot be reached,
an earlier download of the same name is used.
"""

import difflib
import logging
import re
from pathlib import Path
from typing import Any

from fer_core.hub.contents import CLASSIFIER, OWN_MODEL, Contents, check_sizes, read_json
from fer_core.hub.errors import NAME_PART, Wanted, is_refusal, no_answer, quiet_client
from fer_core.io.hub_reach import PATIENCE, within
from fer_core.models.saved_model import CONFIG_FILE, WEIGHTS_FILE, ModelError
from fer_core.records.run import RUN_FILE
from fer_core.weights import BUNDLED, RENAMED, renamed_folder

logger = logging.getLogger(__name__)
BUNDLED_NAMES = (BUNDLED.name, *(old for old, name in RENAMED.items() if name == BUNDLED.name))
HUB_PREFIX = "hf:"
SHAPE = "USER/NAME or USER/NAME@REVISION (letters, digits, '_', '-' and '.')"

# A revision becomes a file name in the cache, so no '..' there.
_ID = re.compile(
    rf"(?!.*(?:--|\.\.))(?=[^@]{{3,96}}(?:@|$))(?P<repository>{NAME_PART}/{NAME_PART})(?<!\.git)"
    r"(?:@(?P<revision>[A-Za-z0-9][\w./+-]{0,99}))?",
    re.ASCII,
)


def is_hub_id(text: str) -> bool:
    """Whether this can be the name of a model on the Hub."""
    return _ID.fullmatch(text) is not None


def resolve_model(model: str | Path, *, foreign: bool = False) -> Path:
    """The folder of the model that a text names; every command and the predictor ask here.

    Args:
        model: in this order

            - ``bundled`` (or ``embedded``, its old name): the model that ships with the package;
            - the folder of a run, whose model stands in RUN/model, or of a saved model;
            - ``USER/NAME`` or ``USER/NAME@REVISION`` of the Hugging Face Hub, which is fetched;
              with ``hf:`` before it, whatever folder has that name here.

            A `Path` is a folder in any case.
        foreign: fetch image classifiers of timm and transformers too (`fetch_classifier`); a
            folder is not looked into (`fer_core.foreign.resolve.resolve_any` does).

    Raises:
        ModelError: when it is none of these, or the Hub does not hand the model out.
    """
    fetch = fetch_classifier if foreign else fetch_model
    folder = renamed_folder(Path(model))
    if isinstance(model, str):
        if model in BUNDLED_NAMES:
            return BUNDLED
        if model.startswith(HUB_PREFIX):
            return fetch(model.removeprefix(HUB_PREFIX))
        if not _is_there(model) and folder == Path(model):
            if is_hub_id(model):
                return fetch(model)
            near = difflib.get_close_matches(model, BUNDLED_NAMES, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ModelError(
                f"no model at {model}: it is neither a folder of this computer, nor 'bundled', nor "
                f"a name on the Hub, {SHAPE}{hint}"
            )
    of_run = (folder / RUN_FILE).is_file() or (folder / "model" / CONFIG_FILE).is_file()
    return folder / "model" if of_run else folder


def fetch_model(name: str, *, anonymous: bool = False, cache: str | Path | None = None) -> Path:
    """Download a model of this project; only its four files, and nothing that is there already.

    Args:
        name: ``USER/NAME`` or ``USER/NAME@REVISION``: a branch, a tag or a commit.
        anonymous: ask without the stored access token, and take nothing that was downloaded
            before: for names that come from strangers.
        cache: where files are kept; by default the client's own cache.

    Returns:
        The folder, for `load_model`.

    Raises:
        ModelError: one sentence, whatever goes wrong; it never contains an access token.
    """
    return _fetch(name, OWN_MODEL, anonymous=anonymous, cache=cache)


def fetch_classifier(name: str, *, cache: str | Path | None = None) -> Path:
    """Download an image classifier of this project, of timm or of transformers.

    Only ``config.json``, ``model.safetensors``, the configuration of the image processor and the
    card: no code, and no pickle.

    Args:
        name: as for `fetch_model`.
        cache: as for `fetch_model`.

    Raises:
        ModelError: as `fetch_model`.
    """
    return _fetch(name, CLASSIFIER, anonymous=False, cache=cache)


def _fetch(name: str, contents: Contents, *, anonymous: bool, cache: str | Path | None) -> Path:
    repository, revision = _split(name)
    import huggingface_hub as client

    access: dict[str, Any] = {"token": False if anonymous else None}
    place: dict[str, Any] = {**access, "cache_dir": cache}
    try:
        info = within(
            PATIENCE,
            lambda: client.HfApi(**access).model_info(
                repository, revision=revision, timeout=PATIENCE, files_metadata=True
            ),
        )
    except Exception as error:  # the transport's own errors differ between versions of the client
        kept = None
        if not anonymous and not is_refusal(error):
            kept = _kept(repository, revision, contents, cache)
        if kept is None:
            page = f"{client.constants.ENDPOINT}/{repository}"
            wanted = Wanted("model", name, repository, revision or "", page)
            raise ModelError(no_answer(wanted, error)) from error
        logger.info("The Hub cannot be reached: %s is taken from the cache", name)
        return kept
    sizes = {file.rfilename: file.size for file in info.siblings or ()}
    contents.check_names(name, sizes)
    check_sizes(name, contents, sizes)
    try:
        with quiet_client():
            config = client.hf_hub_download(repository, CONFIG_FILE, revision=info.sha, **place)
            contents.check_config(name, read_json(name, Path(config)))
            logger.info("Fetching %s from the Hub", name)
            folder = client.snapshot_download(
                repository,
                revision=info.sha if anonymous else revision,  # what was looked at
                allow_patterns=list(contents.files),
                **place,
            )
    except ModelError:
        raise
    except Exception as error:  # as above
        raise ModelError(_broken_off(name, error)) from error
    return Path(folder)


def _split(name: str) -> tuple[str, str | None]:
    found = _ID.fullmatch(name)
    if found is None:
        shown = name if len(name) <= 100 else f"{name[:100]}..."
        raise ModelError(f"{shown!r} is not the name of a model on the Hub: use {SHAPE}")
    return found["repository"], found["revision"]


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # for example a name that is too long for a file
        return False


def _kept(
    repository: str, revision: str | None, contents: Contents, cache: str | Path | None
) -> Path | None:
    """The folder of an earlier download that has the model's files."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            repository,
            revision=revision,
            allow_patterns=list(contents.files),
            cache_dir=cache,
            local_files_only=True,
        )
    except LocalEntryNotFoundError:
        return None
    whole = all((Path(folder) / file).is_file() for file in (CONFIG_FILE, WEIGHTS_FILE))
    return Path(folder) if whole else None


def _broken_off(name: str, error: Exception) -> str:
    """Why a download did not end well, in one sentence."""
    if isinstance(error, OSError) and error.errno is not None:
        return f"the model {name} cannot be stored: {error.strerror}"
    return (
        f"the download of {name} broke off ({type(error).__name__}): nothing of it is used; try "
        "again"
    )
