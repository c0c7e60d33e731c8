"""Saving and loading trained models: a folder of ``model.safetensors`` and ``config.json``.

The configuration has timm's own keys (architecture, num_classes, label_names, pretrained_cfg) and
everything this project adds under ``fer_core``: there ``taxonomy`` says whether the classes are
emotions, and their colours. Its ``weights`` says whose names the weights have:
``own``, or ``timm`` in a published model that timm alone can rebuild (`fer_core.hub.publish`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from fer_core import taxonomy as taxonomies
from fer_core.config.input_spec import InputSpec, to_json
from fer_core.io.files import write_whole
from fer_core.models.attention_model import AttentionModel
from fer_core.models.own_backbones import OWN, own_name
from fer_core.models.planned import check_cost, check_header, check_values
from fer_core.models.saved_config import (
    SavedConfig,
    Stem,
    WeightLayout,
    check_config,
    read_json,
)
from fer_core.models.saved_model import (
    CARD_FILE,
    CONFIG_FILE,
    WEIGHTS_FILE,
    ModelError,
    check_files,
    in_short,
    read_config,
    read_facts,
)
from fer_core.models.timm_format import from_timm
from fer_core.models.timm_networks import count_parameters
from fer_core.records.schema import current_facts
from fer_core.taxonomy import Taxonomy, taxonomy_of

__all__ = [
    "CARD_FILE",
    "CONFIG_FILE",
    "WEIGHTS_FILE",
    "ModelError",
    "TrainedModel",
    "WeightLayout",
    "load_model",
    "read_config",
    "read_facts",
    "read_weights",
    "save_model",
    "write_config",
]

LEAST_BYTES = 1.5  # of a parameter: float16 has 2, and a file of fewer is of a smaller network


@dataclass(frozen=True)
class TrainedModel:
    """A model ready for use.

    Attributes:
        model: the network, in evaluation mode.
        taxonomy: its classes in the order of the logits, with their colours.
        input: what the network expects.
        facts: how it was trained and what it reaches, as saved.
    """

    model: AttentionModel
    taxonomy: Taxonomy
    input: InputSpec
    facts: dict[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the logits."""
        return self.taxonomy.names


def save_model(
    folder: str | Path,
    model: AttentionModel,
    *,
    backbone: str,
    stride: int | None,
    stem: Stem = "own",
    receptive_field: int | None = None,
    classes: tuple[str, ...] | Taxonomy,
    spec: InputSpec,
    facts: Mapping[str, Any],
    half: bool = False,
) -> None:
    """Write the model; the folder is complete when ``config.json`` is in it.

    Args:
        folder: made where it is missing.
        model: the trained network.
        backbone: its timm name.
        stride: its total stride where that was changed.
        stem: ``own`` or ``small``.
        receptive_field: its largest side in pixels where that was limited.
        classes: class names in the order of the logits, or a taxonomy with colours of its own.
        spec: the network input.
        facts: anything JSON can hold: run, data, noise, results.
        half: store floating point weights as float16.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if half:
        state = {n: v.half() if v.is_floating_point() else v for n, v in state.items()}
    write_whole(folder / WEIGHTS_FILE, save(state, metadata={"format": "pt"}))
    own = {
        **{"stride": stride, "stem": stem, "receptive_field": receptive_field},
        **{"weights": "own", "facts": dict(facts)},
    }
    taxonomy = classes if isinstance(classes, Taxonomy) else taxonomy_of(classes)
    write_config(folder, backbone=backbone, taxonomy=taxonomy, spec=spec, own=own)


def write_config(
    folder: Path,
    *,
    backbone: str,
    taxonomy: Taxonomy,
    spec: InputSpec,
    own: Mapping[str, Any],
    pretrained_cfg: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write ``config.json``.

    Args:
        folder: of the model.
        backbone: its timm name.
        taxonomy: the classes in the order of the logits.
        spec: the network input.
        own: what is under ``fer_core`` besides the input and the taxonomy.
        pretrained_cfg: more of timm's facts of the weights.
        more: more of timm's facts of the model.
    """
    config = {
        "architecture": backbone,
        "num_classes": len(taxonomy.names),
        "label_names": list(taxonomy.names),
        **(more or {}),
        "pretrained_cfg": {
            "input_size": [spec.channels, spec.size, spec.size],
            "mean": list(spec.mean),
            "std": list(spec.std),
            "num_classes": len(taxonomy.names),
            **(pretrained_cfg or {}),
        },
        "fer_core": {
            **own,
            "input": to_json(spec),
            "taxonomy": taxonomies.to_json(taxonomy),
        },
    }
    write_whole(folder / CONFIG_FILE, (json.dumps(config, indent=1) + "\n").encode())


def load_model(
    folder: str | Path, called: str = "", *, backbone: nn.Module | None = None
) -> TrainedModel:
    """Load a saved or published model; float16 weights become float32.

    Args:
        folder: of ``model.safetensors`` and ``config.json``.
        called: what error messages call the model; by default its folder.
        backbone: the module that it was trained on, when that is none of timm's; the weights are
            put into it.

    Raises:
        ModelError: when the folder holds no such model, one that does not fit together, or one
            whose backbone is not given.
    """
    folder = Path(folder)
    check_files(folder, called)
    try:
        config = read_json(folder / CONFIG_FILE)
        saved = check_config(config)
        _check_backbone(saved.architecture, backbone)
        check_header(saved, folder / WEIGHTS_FILE)
        if backbone is None:
            _check_size(saved, folder / WEIGHTS_FILE)
            check_cost(saved)
        model = AttentionModel(
            backbone or saved.architecture,
            len(saved.taxonomy.names),
            image_size=saved.input.size,
            channels=saved.input.channels,
            stride=saved.stride,
            stem=saved.stem,
            receptive_field=saved.receptive_field,
        )
        state = read_weights(folder, config)
        check_values(state)
        model.load_state_dict(
            {n: v.float() if v.is_floating_point() else v for n, v in state.items()}
        )
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        raise ModelError(
            f"the model at {called or folder} cannot be loaded: {in_short(error)}"
        ) from error
    facts = current_facts(saved.facts)
    return TrainedModel(model.eval().requires_grad_(False), saved.taxonomy, saved.input, facts)


def read_weights(folder: Path, config: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights by this project's names, in the precision in which they are stored.

    Args:
        folder: of the model.
        config: as `read_config` gives it.

    Raises:
        KeyError, TypeError, ValueError, OSError, SafetensorError: when they cannot be read.
    """
    saved = check_config(config)
    state = load_file(folder / WEIGHTS_FILE)
    return state if saved.weights == "own" else from_timm(state, saved.classifier)


def _check_backbone(architecture: str, backbone: nn.Module | None) -> None:
    if backbone is None:
        if architecture.startswith(OWN):
            kind = architecture.removeprefix(OWN)
            raise ValueError(
                f"its backbone is {kind}, a module of its author's own: load it with "
                f"load_model(folder, backbone={kind}(...)) and give that to Predictor"
            )
    elif architecture != own_name(backbone):
        raise ValueError(f"its backbone is {architecture}, got {own_name(backbone)}")


def _check_size(saved: SavedConfig, weights: Path) -> None:
    """Refuse a network that the weights cannot be of before there is made room for it."""
    backbone, spec, size = saved.architecture, saved.input, weights.stat().st_size
    limited = saved.receptive_field is not None
    parameters = count_parameters(backbone, spec.channels, spec.size, pointwise=limited)
    if LEAST_BYTES * parameters > size:
        raise ValueError(
            f"{backbone} has {parameters:,} parameters, the {size:,} bytes of {WEIGHTS_FILE} are "
            "of a smaller network"
        )
