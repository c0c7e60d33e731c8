"""Facial emotion recognition, honest about noisy labels."""

import importlib

TYPE_CHECKING = False  # for type checkers alone: importing typing takes most of the time
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.3.0"

_PUBLIC = {
    "EMOTIONS": "fer_core.emotions",
    "RunConfig": "fer_core.config",
    "RunRecord": "fer_core.records.run",
    "read_runs": "fer_core.records.run",
    "AttentionModel": "fer_core.models.attention_model",
    "Face": "fer_core.faces.detect",
    "FaceDetector": "fer_core.faces.detect",
    "Decoding": "fer_core.datasets",
    "FacePrediction": "fer_core.inference.face_prediction",
    "FerError": "fer_core.errors",
    "METHODS": "fer_core.methods",
    "Predictor": "fer_core.inference.predictor",
    "export_onnx": "fer_core.inference.onnx_export",
    "fetch_model": "fer_core.hub.download",
    "load_data": "fer_core.datasets",
    "load_model": "fer_core.models.pretrained",
    "resolve_model": "fer_core.hub.download",
    "register_dataset": "fer_core.datasets",
    "register_method": "fer_core.methods",
    "save_model": "fer_core.models.pretrained",
    "evaluate": "fer_core.evaluation.inference",
    "train": "fer_core.training.engine",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> "Any":  # noqa: ANN401 - any public object
    """Import a public name on first use, so that `import fer_core` stays light."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'fer_core' has no attribute {name!r}")
    try:
        module = importlib.import_module(_PUBLIC[name])
    except ModuleNotFoundError as error:
        from fer_core.errors import missing_package

        sentence = missing_package(error, f"fer_core.{name}")
        if sentence is None:
            raise
        raise ModuleNotFoundError(sentence, name=error.name) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
