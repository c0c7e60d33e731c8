"""Backbones of your own: any module from images (B, C, H, W) to maps (B, D, h, w)."""

import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from fer_core.models.feature_maps import Backbone, BackboneError, per_channel

OWN = "custom:"  # before the class of a backbone that is a module of your own


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
        per_channel(values, channels) for values in (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    )
    return Backbone(module, "NCHW", output.shape[1], mean, std, None)


def own_name(module: nn.Module) -> str:
    """What records call a backbone that is a module of your own."""
    return f"{OWN}{type(module).__name__}"
