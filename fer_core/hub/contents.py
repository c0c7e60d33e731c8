"""What is downloaded of a repository of the Hub, and what it must hold before its weights are."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fer_core.io.files import parse_json
from fer_core.models.saved_model import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, ModelError

LARGEST = 1_000_000_000  # bytes of all files
LARGEST_TEXTS = 50_000_000  # bytes of all but the weights
PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")  # of transformers
Kind = Literal["own", "timm", "transformers"]
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")


class Contents(NamedTuple):
    """One kind of repository.

    Attributes:
        files: that are downloaded, where they are there.
        check_names: of the repository's name and its files; raises ModelError.
        check_config: of the repository's name and its configuration; raises ModelError.
    """

    files: tuple[str, ...]
    check_names: Callable[[str, Iterable[str]], None]
    check_config: Callable[[str, Any], object]


def check_sizes(name: str, contents: Contents, sizes: Mapping[str, int | None]) -> None:
    """Refuse a repository whose wanted files are too large, or of no declared size.

    Raises:
        ModelError: naming the size and the limit.
    """
    unknown = [file for file in contents.files if file in sizes and sizes[file] is None]
    if unknown:
        raise ModelError(f"the model {name} is not downloaded: the size of {unknown[0]} is unknown")
    total = sum(sizes.get(file) or 0 for file in contents.files)
    if total > LARGEST:
        raise ModelError(
            f"the model {name} has {total / 1e9:.1f} GB, at most {LARGEST / 1e9:.0f} GB is "
            "downloaded"
        )
    texts = total - (sizes.get(WEIGHTS_FILE) or 0)
    if texts > LARGEST_TEXTS:
        raise ModelError(
            f"the model {name} has {texts / 1e6:.0f} MB beside its weights, at most "
            f"{LARGEST_TEXTS / 1e6:.0f} MB is downloaded"
        )


def read_json(name: str, file: Path) -> Any:  # noqa: ANN401 - any JSON value
    """A configuration file of a repository.

    Raises:
        ModelError: when it is not JSON.
    """
    try:
        return parse_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"the {file.name} of {name} is not JSON: {error}") from error


def is_own(config: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether a configuration is of a model of this project."""
    return isinstance(config, dict) and "fer_core" in config


def check_safetensors(name: str, names: Iterable[str]) -> None:
    """Refuse weights that are not a safetensors file: a pickle can run code when it is opened.

    Args:
        name: what messages call the model.
        names: of all its files.

    Raises:
        ModelError: saying what was found instead.
    """
    names = sorted(names)
    if CONFIG_FILE in names and WEIGHTS_FILE in names:
        return
    pickles = [file for file in names if file.endswith(PICKLES)]
    if CONFIG_FILE in names and pickles:
        raise ModelError(
            f"the model {name} has its weights as {pickles[0]}, which can run code when it is "
            f"opened, and not as {WEIGHTS_FILE}: ask its authors for that file"
        )
    raise ModelError(
        f"the model {name} is not an image classifier that can be read: expected {CONFIG_FILE} and "
        f"{WEIGHTS_FILE}, found {_listed(names)}"
    )


def _check_own_names(name: str, names: Iterable[str]) -> None:
    names = sorted(names)
    if CONFIG_FILE not in names or WEIGHTS_FILE not in names:
        raise ModelError(
            f"the repository {name} holds no model of this project: expected {CONFIG_FILE} and "
            f"{WEIGHTS_FILE}, found {_listed(names)}"
        )


def _check_own_config(name: str, config: Any) -> None:  # noqa: ANN401 - any JSON value
    if is_own(config):
        return
    network = config.get("architecture") if isinstance(config, dict) else None
    kind = f"timm's {network}" if isinstance(network, str) else "of another project"
    raise ModelError(
        f"the model {name} is {kind[:60]}, not a model of this project: without the "
        f"fer_core block in {CONFIG_FILE} its input is unknown, and it cannot explain "
        f"its predictions exactly; `fer-core evaluate hf:{name}` measures it"
    )


def kind_of_model(name: str, config: Any) -> Kind:  # noqa: ANN401 - any JSON value
    """Whose model a configuration describes.

    Raises:
        ModelError: when it is of none of these.
    """
    if is_own(config):
        return "own"
    # First, since transformers also writes timm's key where it wraps a network of timm.
    if isinstance(config, dict) and isinstance(config.get("model_type"), str):
        return "transformers"
    if isinstance(config, dict) and isinstance(config.get("architecture"), str):
        return "timm"
    raise ModelError(
        f"the {CONFIG_FILE} of {name} is none of timm (architecture), transformers (model_type) or "
        "this project (fer_core): other kinds of models are not read"
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5]) or 'nothing'}{more}"


OWN_MODEL = Contents(
    (CONFIG_FILE, WEIGHTS_FILE, CARD_FILE, "predictions.csv"), _check_own_names, _check_own_config
)
CLASSIFIER = Contents((*OWN_MODEL.files, *PROCESSOR_FILES), check_safetensors, kind_of_model)
