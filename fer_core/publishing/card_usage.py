"""How a published model is loaded: the part of its card that people copy."""

from fer_core.models.pretrained import TrainedModel, WeightLayout

WITHOUT_TIMM = (
    "timm alone cannot rebuild this network (its stride, its stem or its last layers are not "
    "timm's own): `timm.create_model` refuses the weights. It loads through fer-core."
)


def loading(trained: TrainedModel, repository: str, layout: WeightLayout) -> str:
    """Markdown with the code for fer-core, and for timm where it can rebuild the model."""
    ours = f"""Photographs, with face detection and alignment, flip TTA and attention maps:

```python
from fer_core import Predictor

for face in Predictor("{repository}").predict("photo.jpg"):
    print(face.emotion, f"{{face.confidence:.0%}}", face.box)
```"""
    return f"{ours}\n\n{WITHOUT_TIMM if layout == 'own' else _with_timm(trained, repository)}"


def _with_timm(trained: TrainedModel, repository: str) -> str:
    spec = trained.input
    grey = '.convert("L")' if spec.grey or spec.channels == 1 else ""
    mode = "" if spec.channels == 1 else '.convert("RGB")'
    tensor = "[None, None]" if spec.channels == 1 else ".permute(2, 0, 1)[None]"
    return f"""Class probabilities of a face that is already cropped and aligned, with timm alone:

```python
import numpy as np
import timm
import torch
from PIL import Image

model = timm.create_model("hf-hub:{repository}", pretrained=True).eval()
face = Image.open("face.png"){grey}{mode}
face = face.resize(({spec.size}, {spec.size}), Image.Resampling.BICUBIC)
pixels = torch.from_numpy(np.array(face, np.float32) / 255){tensor}
# (1, {spec.channels}, {spec.size}, {spec.size})
mean, std = (torch.tensor(model.pretrained_cfg[name])[:, None, None] for name in ("mean", "std"))
probabilities = model((pixels - mean) / std).softmax(1)[0]
print(model.pretrained_cfg["label_names"][int(probabilities.argmax())])
```"""
