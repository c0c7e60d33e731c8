"""Any timm backbone as a source of feature maps (B, D, h, w)."""

from pathlib import Path

from timm.data.config import resolve_model_data_config
from timm.layers.norm_act import convert_sync_batchnorm
from torch import nn

from fer_core.models.depthwise import speed_up_depthwise
from fer_core.models.feature_maps import (
    Backbone,
    BackboneError,
    find_layout,
    head_size,
    per_channel,
)
from fer_core.models.receptive_field import limit_receptive_field
from fer_core.models.relu6 import keep_results_of_relu6
from fer_core.models.saved_config import Stem
from fer_core.models.strides import set_stride, shrink_stem
from fer_core.models.timm_networks import (
    check_known,
    create_network,
    load_network,
    prepare_for_scratch,
)

__all__ = ["Backbone", "BackboneError", "create_backbone", "synchronised_batch_norm"]


def create_backbone(
    name: str,
    *,
    pretrained: str,
    channels: int,
    image_size: int,
    stride: int | None,
    stem: Stem = "own",
    receptive_field: int | None = None,
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
        receptive_field: its largest side in pixels, or None for the network's own; see
            `fer_core.models.receptive_field`.

    Raises:
        BackboneError: for an unknown name, a family without a usable map, weights that cannot be
            had or fit less than 95 % of the parameters, or an input size, stride or receptive
            field that the network does not take.
    """
    check_known(name)
    if pretrained not in ("none", "hub") and not Path(pretrained).is_file():
        raise BackboneError(f"no weights file at {pretrained}: give none, hub or an existing file")
    match = None
    if pretrained in ("none", "hub"):
        network = create_network(name, pretrained, channels, image_size)
    else:
        network, match = load_network(name, pretrained, channels, image_size)
    if pretrained == "none":
        prepare_for_scratch(network)
    if stem == "small":
        shrink_stem(network, name, pretrained)
    if stride is not None:
        set_stride(network, name, stride, channels, image_size)
    if receptive_field is not None:
        limit_receptive_field(network, name, receptive_field, channels, image_size)
    speed_up_depthwise(network)
    keep_results_of_relu6(network)
    layout = find_layout(network, name, channels, image_size)
    settings = resolve_model_data_config(network)
    return Backbone(
        network,
        layout,
        head_size(network),
        per_channel(settings["mean"], channels),
        per_channel(settings["std"], channels),
        match,
    )


def synchronised_batch_norm(network: nn.Module) -> nn.Module:
    """The network with BatchNorm over the images of all processes; weights and names stay."""
    return convert_sync_batchnorm(network)
