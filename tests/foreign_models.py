"""Tiny image classifiers with random weights, as timm and transformers save them."""

from collections.abc import Sequence
from pathlib import Path

import torch

LABELS = ("angry", "Happy", "sad", "unclear")


def save_timm(folder: Path, labels: Sequence[str] | None = LABELS, count: int = 4) -> Path:
    """A ``test_resnet`` of 32 pixels in timm's layout of a Hub repository."""
    import timm
    from timm.models import save_for_hf

    torch.manual_seed(1)
    module = timm.create_model("test_resnet", num_classes=len(labels) if labels else count)
    size = {"input_size": (3, 32, 32), "crop_pct": 1.0}
    facts = {"label_names": list(labels)} if labels else {}
    save_for_hf(
        module, str(folder), model_config={**facts, "pretrained_cfg": size}, safe_serialization=True
    )
    return folder


def save_transformers(folder: Path, labels: Sequence[str] = LABELS) -> Path:
    """A ViT of 32 pixels with its image processor, as ``save_pretrained`` writes them."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(1)
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        initializer_range=1.0,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder
