"""What the files of a saved model say of it, without its network: no PyTorch is imported for that.

`fer_core.models.pretrained` says what the files are, and loads them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_core.config.input_spec import InputSpec
from fer_core.errors import FerError
from fer_core.models.saved_config import SavedConfig, check_config, read_json
from fer_core.records.schema import current_facts
from fer_core.taxonomy import Taxonomy

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
CARD_FILE = "README.md"
LONGEST_FAULT = 300  # characters


class ModelError(FerError, ValueError):
    """A saved model that is absent, incomplete or broken."""


@dataclass(frozen=True)
class ModelFacts:
    """A saved model as its files describe it.

    Attributes:
        taxonomy: its classes in the order of the logits, with their colours.
        input: what the network expects.
        facts: how it was trained and what it reaches, as saved.
    """

    taxonomy: Taxonomy
    input: InputSpec
    facts: dict[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the logits."""
        return self.taxonomy.names


def describe_model(folder: Path, called: str = "") -> ModelFacts:
    """What a saved model is, without loading it.

    Args:
        folder: of the model.
        called: what error messages call the model; by default its folder.

    Raises:
        ModelError: when the folder holds no model of this project.
    """
    _, saved = _read_checked(folder, called)
    return ModelFacts(saved.taxonomy, saved.input, current_facts(saved.facts))


def read_config(folder: Path, called: str = "") -> dict[str, Any]:
    """The configuration of a saved model, as it is, once it is checked.

    Raises:
        ModelError: when the folder holds no model of this project.
    """
    return _read_checked(folder, called)[0]


def read_facts(folder: Path, called: str = "") -> dict[str, Any]:
    """How a saved model was trained and what it reaches, without loading it.

    Raises:
        ModelError: when the folder holds no model of this project.
    """
    return describe_model(folder, called).facts


def check_files(folder: Path, called: str) -> None:
    """Raise for a folder without the files of a model."""
    if not (folder / CONFIG_FILE).is_file() or not (folder / WEIGHTS_FILE).is_file():
        raise ModelError(
            f"no model at {called or folder}: expected {CONFIG_FILE} and {WEIGHTS_FILE}, as "
            "fer-core train writes them to RUN/model"
        )


def in_short(error: Exception) -> str:
    """One line: PyTorch names every weight that does not fit, which can be hundreds."""
    text = " ".join(str(error).split())
    return text if len(text) <= LONGEST_FAULT else f"{text[:LONGEST_FAULT]} ..."


def _read_checked(folder: Path, called: str) -> tuple[dict[str, Any], SavedConfig]:
    check_files(folder, called)
    try:
        config = read_json(folder / CONFIG_FILE)
        if isinstance(config, dict) and "fer_core" not in config:
            raise ModelError(
                f"{called or folder} is a model of another project, or its configuration is not "
                "whole: fer-core predict and evaluate take image classifiers of transformers and "
                "timm, as does fer_core.inference.foreign_predictor.load_foreign_predictor"
            )
        return config, check_config(config)
    except ModelError:
        raise
    except (ValueError, OSError) as error:
        raise ModelError(
            f"the model at {called or folder} cannot be loaded: {in_short(error)}"
        ) from error
