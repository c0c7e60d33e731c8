"""The predictor of a model that a command line names, of this project or of another one."""

from fer_core.foreign.resolve import ResolvedModel, resolve_any
from fer_core.inference.backends import BackendError, BackendName
from fer_core.inference.foreign_predictor import ForeignPredictor, load_foreign_predictor
from fer_core.inference.predictor import Predictor
from fer_core.landmarks.analysis import FaceAnalyser

AnyPredictor = Predictor | ForeignPredictor


def load_predictor(
    model: str | ResolvedModel,
    *,
    device: str = "auto",
    backend: BackendName = "torch",
    analyser: FaceAnalyser | None = None,
) -> AnyPredictor:
    """The predictor of a model.

    Args:
        model: what `resolve_any` takes, or gives.
        device: as for `Predictor`.
        backend: likewise; a model of another project runs in PyTorch alone.
        analyser: as for `Predictor`.

    Raises:
        ModelError: when there is no such model, or it cannot be loaded.
        BackendError, ExportError: when the backend cannot work here, or not with this model.
    """
    found = resolve_any(model) if isinstance(model, str) else model
    if not found.foreign:
        return Predictor(found.folder, device, backend=backend, analyser=analyser)
    if backend == "onnx":
        raise BackendError(
            f"{found.text} is a model of another project and runs on torch alone: use torch or auto"
        )
    return load_foreign_predictor(found.folder, found.text, device=device, analyser=analyser)
