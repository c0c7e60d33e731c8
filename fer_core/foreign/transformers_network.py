"""Image classifiers of transformers; the one place that imports it.

No code of the repository is run (``trust_remote_code=False``), no pickle opened
(``use_safetensors=True``), and nothing is asked of the Hub (``local_files_only=True``).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from fer_core.errors import missing_package
from fer_core.foreign.declared_input import check_pass, check_processor
from fer_core.foreign.declared_network import check_transformers, refuse_unused
from fer_core.foreign.network import Network, blank_image, check_parameters
from fer_core.hub.contents import PROCESSOR_FILES
from fer_core.models.saved_model import ModelError

SAFE: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}


def load_transformers(folder: Path, config: Mapping[str, Any]) -> Network:
    """Load a model that ``save_pretrained`` saved, with its image processor.

    Args:
        folder: of the model.
        config: its ``config.json``.

    Raises:
        ModelError: when transformers is not installed.
        Exception: whatever transformers raises for files that do not fit.
    """
    try:
        import transformers
    except ImportError as error:
        raise ModelError(
            missing_package(error, f"a model of transformers ({config['model_type']})")
            or f"transformers cannot be imported: {error}"
        ) from error
    if not any((folder / file).is_file() for file in PROCESSOR_FILES):
        raise ValueError(
            f"it has no {PROCESSOR_FILES[0]}, which says how images are prepared for it"
        )
    check_processor(folder)
    check_transformers(config)
    maker = transformers.AutoModelForImageClassification
    with _quiet(transformers):
        settings = transformers.AutoConfig.from_pretrained(folder, **SAFE)
        processor = transformers.AutoImageProcessor.from_pretrained(folder, **SAFE)

        def prepare(images: Sequence[Image.Image]) -> Tensor:
            return processor(images=list(images), return_tensors="pt")["pixel_values"]

        with torch.device("meta"):
            planned = maker.from_config(settings, trust_remote_code=False).eval()
        check_parameters(planned, folder)
        shape = tuple(prepare([blank_image()]).shape)
        check_pass(type(planned).__name__, lambda pixels: planned(pixel_values=pixels), shape)
        module, report = maker.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **SAFE
        )
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"its weights lack {len(missing)} of the classifier's tensors, such as {missing[0]}: "
            "it was saved without its head, or before it had one"
        )
    refuse_unused(folder, module, report["unexpected_keys"])
    names = {int(index): str(name) for index, name in module.config.id2label.items()}
    return Network(
        library="transformers",
        version=transformers.__version__,
        architecture=type(module).__name__,
        labels=tuple(names[index] for index in sorted(names)),
        module=module.eval().requires_grad_(False),
        prepare=prepare,
        answer=lambda pixels: module(pixel_values=pixels).logits,
    )


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:  # noqa: ANN401 - the package
    """No progress bars and no advice of transformers on the terminal."""
    log = transformers.utils.logging
    before, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(before)
        if bars:
            log.enable_progress_bar()
