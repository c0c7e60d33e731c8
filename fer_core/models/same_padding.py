"""Backbones with TensorFlow's padding, under timm's prefix ``tf_``, where timm has none itself.

TensorFlow's 'SAME' pads a convolution of stride 2 on the right and at the bottom only, PyTorch on
all sides: the same weights see other pixels, so weights from TensorFlow need a network of their
own. Importing this module registers it in timm.
"""

from typing import Any

from timm.models import generate_default_cfgs, get_pretrained_cfg, register_model
from timm.models.efficientnet import mobilenetv1_100
from torch import nn

__all__ = ["REGISTERED_HERE", "tf_mobilenetv1_100"]
CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)  # R, G, B of ImageNet, as Caffe has it
STD = 0.225  # one for all channels, so that the weights of colour images also suit grey ones
REGISTERED_HERE = ("tf_mobilenetv1_100",)  # a program without this project has no such name

default_cfgs = generate_default_cfgs(
    {
        "tf_mobilenetv1_100.untrained": {
            "input_size": (3, 224, 224),
            "pool_size": (7, 7),
            "mean": CAFFE_MEAN,
            "std": (STD,) * 3,
            "first_conv": "conv_stem",
            "classifier": "classifier",
        }
    }
)


@register_model
def tf_mobilenetv1_100(pretrained: bool = False, **options: Any) -> nn.Module:  # noqa: ANN401
    """MobileNetV1 1.0 (Howard et al., 2017) with 'SAME' padding."""
    settings = options.pop("pretrained_cfg", None) or get_pretrained_cfg("tf_mobilenetv1_100")
    return mobilenetv1_100(pretrained, pretrained_cfg=settings, pad_type="same", **options)
