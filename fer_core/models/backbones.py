"""Any timm backbone as a source of feature maps (B, D, h, w); the one module that calls timm."""

import difflib
from pathlib import Path
from typing import Any, Literal, NamedTuple

import timm
import torch
from timm.data.config import resolve_model_data_config
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from timm.layers.norm_act import convert_sync_batchnorm
from timm.models._efficientnet_blocks import InvertedResidual
from torch import Tensor, nn

from fer_core.errors import FerError
from fer_core.models.depthwise import speed_up_depthwise
from fer_core.models.starting_weights import Match, WeightsError, judge, read_weights, unwrap

Layout = Literal["NCHW", "NHWC", "tokens"]
Stem = Literal["own", "small"]
OWN = "custom:"  # before the class of a backbone that is a module of your own


class BackboneError(FerError, ValueError):
    """A backbone that is unknown, has no usable feature map, or whose weights cannot be had."""


class Backbone(NamedTuple):
    """A timm network without its head.

    Attributes:
        network: gives the last feature map in ``layout``.
        layout: NCHW, NHWC or tokens.
        features: channels D of the map.
        mean: per input channel, from the network's own configuration.
        std: per input channel, likewise.
        match: what a file of starting weights gave; None without a file.
    """

    network: nn.Module
    layout: Layout
    features: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    match: Match | None


def create_backbone(
    name: str,
    *,
    pretrained: str,
    channels: int,
    image_size: int,
    stride: int | None,
    stem: Stem = "own",
) -> Backbone:
    """Create a timm backbone.

    Args:
        name: timm model name.
        pretrained: ``none``, ``hub`` (timm's own weights) or the path of a local weights file.
        channels: input channels, 1 or 3.
        image_size: side of the input in pixels.
        stride: total stride wanted of a convolutional network, or None for its own. The deepest
            strided layers are made dense, without dilation.
        stem: ``own``, or ``small``: the first convolution becomes 3x3 at stride 1 and a pooling
            layer behind it is left out, which keeps four times (ResNet: sixteen times) the points.

    Raises:
        BackboneError: for an unknown name, a family without a usable map, weights that cannot be
            had or fit less than 95 % of the parameters, or an input size or stride that the network
            does not take.
    """
    _check_known(name)
    if pretrained not in ("none", "hub") and not Path(pretrained).is_file():
        raise BackboneError(f"no weights file at {pretrained}: give none, hub or an existing file")
    match = None
    if pretrained in ("none", "hub"):
        network = _create_network(name, pretrained, channels, image_size)
    else:
        network, match = _load_network(name, pretrained, channels, image_size)
    if pretrained == "none":
        _prepare_for_scratch(network)
    if stem == "small":
        _shrink_stem(network, name, pretrained)
    if stride is not None:
        _set_stride(network, name, stride, channels, image_size)
    speed_up_depthwise(network)
    layout = _probe_layout(network, name, channels, image_size)
    settings = resolve_model_data_config(network)
    return Backbone(
        network,
        layout,
        _head_size(network),
        _per_channel(settings["mean"], channels),
        _per_channel(settings["std"], channels),
        match,
    )


def wrap_backbone(
    module: nn.Module,
    features: int | None,
    *,
    channels: int,
    image_size: int,
) -> Backbone:
    """A module of your own as a backbone: (B, C, H, W) to maps (B, D, h, w), tried on one image.

    Its input is normalised with the mean and standard deviation of ImageNet, as timm's mostly is.

    Args:
        module: the network; not copied.
        features: channels D of its map; None: what it gives.
        channels: input channels, 1 or 3.
        image_size: side of the input in pixels.

    Raises:
        BackboneError: when it does not take such an image, or gives no map of that many channels.
    """
    name, shape = own_name(module), (1, channels, image_size, image_size)
    training = module.training
    parameter = next(module.parameters(), torch.empty(0))
    try:
        with torch.no_grad():
            output = module.eval()(torch.zeros(shape, device=parameter.device))
    except Exception as error:
        raise BackboneError(
            f"{name} does not take images of shape {shape}: {str(error).strip()}"
        ) from error
    finally:
        module.train(training)
    if not isinstance(output, Tensor) or output.ndim != 4 or output.shape[0] != 1:
        found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise BackboneError(
            f"{name} must give feature maps (B, D, h, w), as before its pooling and head, got "
            f"{found} for {shape}"
        )
    if features is not None and output.shape[1] != features:
        raise BackboneError(
            f"{name} gives maps of {output.shape[1]} channels, got num_features {features}"
        )
    mean, std = (
        _per_channel(values, channels) for values in (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    )
    return Backbone(module, "NCHW", output.shape[1], mean, std, None)


def own_name(module: nn.Module) -> str:
    """What records call a backbone that is a module of your own."""
    return f"{OWN}{type(module).__name__}"


def _check_known(name: str) -> None:
    if name.startswith(OWN):
        raise BackboneError(
            f"{name} is a module of your own, which no file holds: pass it as backbone=, for "
            f"example backbone={name.removeprefix(OWN)}()"
        )
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 5)
        hint = f"; near: {', '.join(near)}" if near else ""
        raise BackboneError(f"unknown timm backbone {name!r}{hint}")


def to_map(output: Tensor, network: nn.Module, layout: Layout) -> Tensor:
    """The network's output as a map (B, D, h, w)."""
    if layout == "NCHW":
        return output
    if layout == "NHWC":
        return output.permute(0, 3, 1, 2)
    tokens: Any = network  # timm's transformers carry these two attributes
    height, width = tokens.patch_embed.grid_size
    patches = output[:, tokens.num_prefix_tokens :]  # (B, h * w, D)
    return patches.transpose(1, 2).unflatten(2, (height, width))


def input_arguments(name: str, channels: int, image_size: int) -> dict[str, Any]:
    """What ``timm.create_model`` must be told of the input; the size only where it is fixed."""
    settings = timm.get_pretrained_cfg(name)
    fixed = settings is not None and settings.fixed_input_size
    return {"in_chans": channels, **({"img_size": image_size} if fixed else {})}


def count_parameters(name: str, channels: int, image_size: int) -> int:
    """Parameters of a timm network without its head, found without making room for them.

    Raises:
        BackboneError: for an unknown name, or a size that the network does not take.
    """
    _check_known(name)
    with torch.device("meta"):
        network = _create_network(name, "none", channels, image_size)
    return sum(parameter.numel() for parameter in network.parameters())


def _load_network(name: str, file: str, channels: int, image_size: int) -> tuple[nn.Module, Match]:
    """A network with the weights of a file, and what of them fits."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        wanted = _create_network(name, "none", channels, image_size).state_dict()
    drawn = torch.get_rng_state()
    try:
        state = unwrap(read_weights(Path(file)), wanted)
        network = _create_network(name, file, channels, image_size, state)
        settings: Any = network.pretrained_cfg
        settings.pop("state_dict", None)  # timm would keep all weights a second time
        sizes = {key: value.numel() for key, value in network.named_parameters()}
        missing = _not_loaded(network, state, drawn, (name, "none", channels, image_size))
        return network, judge(name, file, sizes, missing, state)
    except WeightsError as error:
        raise BackboneError(_creation_problem(name, file, image_size, error)) from error


def _not_loaded(
    network: nn.Module, state: dict[str, Tensor], drawn: Tensor, arguments: tuple[Any, ...]
) -> list[str]:
    """Tensors that have their initial values still.

    timm renames and reshapes what other formats hold, so for names that the file does not have a
    network without weights, from the same random numbers, is what tells.
    """
    loaded = network.state_dict()
    doubtful = [
        key
        for key, value in loaded.items()
        if not key.endswith("num_batches_tracked")
        and (key not in state or state[key].shape != value.shape)
    ]
    if not doubtful:
        return []
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(drawn)
        blank = _create_network(*arguments).state_dict()
    return [key for key in doubtful if torch.equal(loaded[key], blank[key])]


def _create_network(
    name: str,
    pretrained: str,
    channels: int,
    image_size: int,
    state: dict[str, Tensor] | None = None,
) -> nn.Module:
    options = {"num_classes": 0, "global_pool": "", **input_arguments(name, channels, image_size)}
    if state is not None:
        options["pretrained_cfg_overlay"] = {"state_dict": dict(state), "custom_load": False}
    try:
        return timm.create_model(name, pretrained=pretrained != "none", **options)
    except Exception as error:
        raise BackboneError(_creation_problem(name, pretrained, image_size, error)) from error


def _prepare_for_scratch(network: nn.Module) -> None:
    """Initial weights with which inverted residual networks learn at once from few images.

    Convolutions get He initialisation by their inputs, and each residual block starts as the
    identity (its last BatchNorm scale is 0). With timm's own initial weights MobileNetV2 stays
    near the majority class for more than an epoch of FERPlus: docs/experiments.md has the figures.
    """
    blocks = [module for module in network.modules() if isinstance(module, InvertedResidual)]
    for block in blocks:
        for layer in block.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
        if block.has_skip:
            last: Any = block.bn3
            nn.init.zeros_(last.weight)


def _creation_problem(name: str, pretrained: str, image_size: int, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    if pretrained == "none":
        return f"timm cannot make {name} for {image_size}x{image_size} input: {reason}"
    source = "from the hub" if pretrained == "hub" else f"from {pretrained}"
    return (
        f"no pretrained weights of {name} {source}: {reason}. "
        "Use --pretrained none (train from scratch) or --pretrained PATH (a local weights file)."
    )


def _probe_layout(network: nn.Module, name: str, channels: int, image_size: int) -> Layout:
    output = _probe(network, name, channels, image_size)
    if isinstance(output, Tensor) and output.ndim == 4:
        layout: Layout = "NHWC" if getattr(network, "output_fmt", "NCHW") == "NHWC" else "NCHW"
    elif isinstance(output, Tensor) and output.ndim == 3 and _has_token_grid(network, output):
        layout = "tokens"
    else:
        raise BackboneError(f"{name} gives no single feature map: choose another backbone")
    maps = to_map(output, network, layout)
    if maps.shape[1] != _head_size(network):
        raise BackboneError(
            f"{name} pools before its last layer (map of {maps.shape[1]} channels, head of "
            f"{_head_size(network)}): class attention maps would not be exact"
        )
    if maps.shape[2] * maps.shape[3] == 1:
        raise BackboneError(
            f"the last map of {name} at {image_size}x{image_size} is a single point, so it has "
            "no attention map: use a larger image_size, a smaller stride, or another backbone"
        )
    return layout


def _head_size(network: nn.Module) -> int:
    """Channels that timm's own head would take."""
    size: Any = network.head_hidden_size
    return int(size)


def _has_token_grid(network: nn.Module, output: Tensor) -> bool:
    grid = getattr(getattr(network, "patch_embed", None), "grid_size", None)
    prefix = getattr(network, "num_prefix_tokens", 0)
    return grid is not None and output.shape[1] - prefix == grid[0] * grid[1]


def _probe(network: nn.Module, name: str, channels: int, image_size: int) -> object:
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            return network(torch.zeros(1, channels, image_size, image_size))
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BackboneError(f"{name} takes no {image_size}x{image_size} input: {reason}") from error
    finally:
        network.train(was_training)


def _set_stride(network: nn.Module, name: str, stride: int, channels: int, image_size: int) -> None:
    """Make the deepest strided layers dense until the total stride is the one asked for."""
    strided = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    met: list[tuple[int, nn.Module]] = []  # (side of the layer's input, layer)
    hooks = [
        module.register_forward_pre_hook(
            lambda module, inputs: met.append((inputs[0].shape[-1], module))
        )
        for module in network.modules()
        if isinstance(module, strided) and module.stride in (2, (2, 2))
    ]
    _probe(network, name, channels, image_size)
    for hook in hooks:
        hook.remove()
    sides = sorted({side for side, _ in met})  # deepest first
    own = 2 ** len(sides)
    if not met or stride > own:
        raise BackboneError(f"{name} has a total stride of {own}, it cannot be made {stride}")
    for side, module in met:
        if side in sides[: (own // stride).bit_length() - 1]:
            if not isinstance(module, nn.Conv2d):
                raise BackboneError(f"{name} pools where stride {stride} would need a dense layer")
            module.stride = (1, 1)
    output = _probe(network, name, channels, image_size)
    wanted = -(-image_size // stride)
    if not isinstance(output, Tensor) or output.shape[-1] != wanted:
        raise BackboneError(f"the stride of {name} cannot be changed to {stride}")


def _shrink_stem(network: nn.Module, name: str, pretrained: str) -> None:
    """Make the first convolution 3x3 at stride 1, and drop a max pooling behind it."""
    place, first = next(
        (
            (path, module)
            for path, module in network.named_modules()
            if isinstance(module, nn.Conv2d)
        ),
        ("", None),
    )
    if first is None or first.stride != (2, 2) or first.kernel_size not in ((3, 3), (7, 7)):
        raise BackboneError(
            f"{name} has no first convolution of 3x3 or 7x7 at stride 2 that stem 'small' could "
            "change: use stem 'own'"
        )
    if first.kernel_size == (7, 7):
        if pretrained != "none":
            raise BackboneError(
                f"the pretrained first convolution of {name} is 7x7, stem 'small' has 3x3: use "
                "stem 'own', or pretrained 'none'"
            )
        small = nn.Conv2d(
            first.in_channels, first.out_channels, 3, padding=1, bias=first.bias is not None
        )
        nn.init.kaiming_normal_(small.weight, mode="fan_out", nonlinearity="relu")
        network.set_submodule(place, small)
    else:
        first.stride = (1, 1)
    if isinstance(getattr(network, "maxpool", None), nn.MaxPool2d):
        network.set_submodule("maxpool", nn.Identity())


def synchronised_batch_norm(network: nn.Module) -> nn.Module:
    """The network with BatchNorm over the images of all processes; weights and names stay."""
    return convert_sync_batchnorm(network)


def _per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels
