"""Image classifiers in timm's layout of a Hub repository (``timm.models.save_for_hf``)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform
from torch import Tensor, nn

from fer_core.foreign.declared_input import check_pass, check_timm
from fer_core.foreign.network import Network, check_parameters
from fer_core.models.saved_model import WEIGHTS_FILE


def load_timm(folder: Path, config: Mapping[str, Any]) -> Network:
    """Load a model that timm saved, with its preprocessing for validation.

    Args:
        folder: of the model.
        config: its ``config.json``.

    Raises:
        Exception: whatever timm and PyTorch raise for a configuration that does not fit.
    """
    check_timm(config)
    with torch.device("meta"):
        planned = _create(folder)
    check_parameters(planned, folder)
    shape = resolve_data_config(model=planned)["input_size"]
    check_pass(str(config["architecture"]), planned.eval(), (1, *shape))
    module = _create(folder)
    module.load_state_dict(load_file(folder / WEIGHTS_FILE))
    data: dict[str, Any] = resolve_data_config(model=module)
    transform: Any = create_transform(**data, is_training=False)
    mode = "L" if data["input_size"][0] == 1 else "RGB"

    def prepare(images: Sequence[Image.Image]) -> Tensor:
        return torch.stack([transform(image.convert(mode)) for image in images])

    return Network(
        library="timm",
        version=timm.__version__,
        architecture=str(config["architecture"]),
        labels=_labels(config, getattr(module, "num_classes", 0)),
        module=module.float().eval().requires_grad_(False),
        prepare=prepare,
        answer=module,
    )


def _create(folder: Path) -> nn.Module:
    """The network of the folder's configuration with random weights."""
    return timm.create_model(f"local-dir:{folder}", pretrained=False)


def _labels(config: Mapping[str, Any], count: int) -> tuple[str, ...]:
    """Names of the labels, or LABEL_0 and so on where none were saved."""
    names = config.get("label_names") or config.get("pretrained_cfg", {}).get("label_names")
    if not names:
        return tuple(f"LABEL_{index}" for index in range(count))
    return tuple(str(name) for name in names)
