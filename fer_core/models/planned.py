"""What a stranger's model takes, found before there is made room for it.

The header of its weights has names and shapes; PyTorch's ``meta`` device computes what a pass of a
network takes from shapes alone.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from fer_core.models.attention_model import AttentionModel
from fer_core.models.saved_config import SavedConfig

MOST_MACS = 100e9  # multiply-adds of one image; ResNet-50 at 1024 x 1024 has 86e9
LARGEST_TENSOR = 256e6  # bytes of one result inside the network
USUAL_SIDE, USUAL_STRIDE = 512, 32  # of the input in pixels, and of a network
KINDS = ("F64", "F32", "F16", "BF16", "I64", "I32")  # of weights; of counts the last two


class _Largest(TorchDispatchMode):
    """Watches for the largest result of any operation."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - as PyTorch declares it
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            # A view has the size of what it shows, which for an expanded one is never made.
            if isinstance(value, Tensor) and not value._is_view():
                self.size = max(self.size, value.nbytes)
        return result


def check_header(saved: SavedConfig, weights: Path) -> None:
    """See that a file's header has the classifier of a configuration, and numbers as weights.

    Raises:
        ValueError: naming what differs.
        SafetensorError, OSError: when the file cannot be read.
    """
    with safe_open(weights, framework="pt") as content:
        slices = {name: content.get_slice(name) for name in content.keys()}  # noqa: SIM118
        shapes = {name: tuple(one.get_shape()) for name, one in slices.items()}
        kinds = {name: str(one.get_dtype()) for name, one in slices.items()}
    wrong = next((name for name, kind in kinds.items() if kind not in KINDS), None)
    if wrong is not None:
        raise ValueError(f"{wrong[:100]} is of type {kinds[wrong]}, expected {', '.join(KINDS)}")
    classifier = saved.classifier or "classifier"
    classes = len(saved.taxonomy.names)
    for part, axes in (("weight", 2), ("bias", 1)):
        name = f"{classifier}.{part}"
        shape = shapes.get(name, ())
        if len(shape) != axes or shape[0] != classes:
            raise ValueError(
                f"{name} has shape {shape or 'none'} in {weights.name}, by label_names it is of "
                f"{classes} classes"
            )


def check_cost(saved: SavedConfig) -> None:
    """Refuse a network of which one image takes minutes, or gigabytes.

    That is computed for large inputs alone: with usual ones no network takes so much whose weights
    are of a size that is read.

    Raises:
        BackboneError: as `AttentionModel`.
        ValueError: naming what it takes and the limit.
    """
    spec = saved.input
    if spec.size * USUAL_STRIDE <= USUAL_SIDE * (saved.stride or USUAL_STRIDE):
        return
    with torch.device("meta"):
        model = AttentionModel(
            saved.architecture,
            len(saved.taxonomy.names),
            image_size=spec.size,
            channels=spec.channels,
            stride=saved.stride,
            stem=saved.stem,
            receptive_field=saved.receptive_field,
        ).eval()
        pixels = torch.zeros(1, spec.channels, spec.size, spec.size)
    size = f"{saved.architecture} at {spec.size} x {spec.size}"
    refuse_costly(size, lambda: model.features(pixels))


def refuse_costly(size: str, run: Callable[[], object]) -> None:
    """Refuse a pass of one image that takes minutes, or gigabytes.

    Args:
        size: the network and its input, for messages.
        run: the pass, on PyTorch's meta device.

    Raises:
        ValueError: naming what it takes and the limit.
    """
    counter, largest = FlopCounterMode(display=False), _Largest()
    with torch.device("meta"), largest, counter, torch.no_grad():
        run()
    macs = counter.get_total_flops() / 2
    if macs > MOST_MACS:
        raise ValueError(
            f"{size} takes {macs / 1e9:,.0f} billion multiply-adds an image, at most "
            f"{MOST_MACS / 1e9:.0f} billion are computed"
        )
    if largest.size > LARGEST_TENSOR:
        raise ValueError(
            f"{size} holds results of {largest.size / 1e6:,.0f} MB, at most "
            f"{LARGEST_TENSOR / 1e6:.0f} MB are made"
        )


def check_values(state: Mapping[str, Tensor]) -> None:
    """Refuse weights that make every prediction nan.

    Raises:
        ValueError: naming the first such tensor.
    """
    for name, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name} has values that are not finite")
        if name.endswith("running_var") and bool((value < 0).any()):
            raise ValueError(f"{name} has a negative variance")
