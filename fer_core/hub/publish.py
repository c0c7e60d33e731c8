"""A saved model as a folder for the Hugging Face Hub: timm's own format wherever timm rebuilds it.

Whether it does is found out, not looked up: the folder is written, read by plain
``timm.create_model`` and the logits are compared. Where they differ, the weights keep this
project's names, and the model loads through `fer_core.models.pretrained.load_model` alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from fer_core.io.files import write_whole
from fer_core.models.pretrained import (
    TrainedModel,
    WeightLayout,
    load_model,
    read_weights,
    write_config,
)
from fer_core.models.saved_model import WEIGHTS_FILE, ModelError, read_config
from fer_core.models.timm_format import layer_names, possible_arguments, timm_rebuilds, to_timm

TAG = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class Statement:
    """What is said of the weights in timm's own terms.

    Attributes:
        tag: short name of these weights among others of the architecture.
        licence: of the weights, by its SPDX name in small letters.
        description: one sentence.
        paper_name: title of the method's paper, or nothing.
        paper_ids: as ``arXiv:2207.10299``, or nothing.
    """

    tag: str
    licence: str
    description: str
    paper_name: str = ""
    paper_ids: str = ""

    def __post_init__(self) -> None:
        """Refuse a tag that timm could not take in a model's name."""
        if TAG.fullmatch(self.tag) is None:
            raise ModelError(
                f"tag {self.tag!r} must be 1 to 64 small letters, digits and '_', and start with "
                "a letter or digit"
            )


def write_publication(
    source: Path, out: Path, statement: Statement, facts: Mapping[str, Any]
) -> WeightLayout:
    """Write weights and configuration of a saved model into a folder, as they are to be published.

    Args:
        source: folder of the saved model.
        out: an existing folder, another one.
        statement: what is said of the weights.
        facts: how it was trained and what it reaches; for the ``fer_core`` block.

    Returns:
        ``timm`` when plain ``timm.create_model`` gives the model's logits from this folder, else
        ``own``.

    Raises:
        ModelError: when there is no model, or a broken one.
        OSError: when a file cannot be written.
    """
    trained, config = load_model(source), read_config(source)
    try:
        state = read_weights(source, config)
    except (KeyError, TypeError, ValueError, OSError, SafetensorError) as error:
        raise ModelError(f"the weights at {source} cannot be read: {error}") from error
    own: dict[str, Any] = config["fer_core"]
    written = _Writer(out, trained, config["architecture"], own, statement, facts)
    layers = layer_names(config["architecture"])
    if layers["classifier"] is not None:
        spec = trained.input
        written.weights(to_timm(state, layers["classifier"]))
        for arguments in possible_arguments(
            config["architecture"], spec.channels, spec.size, own["stride"]
        ):
            written.configuration("timm", layers, {"model_args": arguments})
            if timm_rebuilds(out, trained.model, spec.size):
                return "timm"
    written.weights(state)
    # Without the classifier's name, timm refuses the weights, where with it and another number of
    # classes it would leave them all out without a word.
    written.configuration("own", {"classifier": None, "first_conv": None}, {})
    return "own"


@dataclass(frozen=True)
class _Writer:
    out: Path
    trained: TrainedModel
    backbone: str
    own: Mapping[str, Any]
    statement: Statement
    facts: Mapping[str, Any]

    def weights(self, state: Mapping[str, Tensor]) -> None:
        """In the precision in which they were stored."""
        tensors = {name: value.contiguous() for name, value in state.items()}
        write_whole(self.out / WEIGHTS_FILE, save(tensors, metadata={"format": "pt"}))

    def configuration(
        self, layout: WeightLayout, layers: Mapping[str, Any], more: Mapping[str, Any]
    ) -> None:
        said = self.statement
        papers = {"paper_name": said.paper_name, "paper_ids": said.paper_ids}
        write_config(
            self.out,
            backbone=self.backbone,
            taxonomy=self.trained.taxonomy,
            spec=self.trained.input,
            own={
                "stride": self.own["stride"],
                "stem": self.own.get("stem", "own"),
                "receptive_field": self.own.get("receptive_field"),
                "weights": layout,
                "facts": dict(self.facts),
            },
            pretrained_cfg={
                "tag": said.tag,
                "custom_load": False,
                "interpolation": "bicubic",
                "crop_pct": 1.0,
                "crop_mode": "center",
                "pool_size": None,
                **layers,
                "license": said.licence,
                "description": said.description,
                **{key: value for key, value in papers.items() if value},
            },
            more={"num_features": self.trained.model.classifier.in_features, **more},
        )
