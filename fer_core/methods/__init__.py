"""Training methods by name."""

from fer_core.config import RunConfig
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.methods.cross_entropy import CrossEntropy
from fer_core.methods.eac import EAC
from fer_core.models import AttentionModel

__all__ = ["METHODS", "Batch", "Method", "StepOutput", "create_method"]

METHODS: dict[str, type[Method]] = {"cross_entropy": CrossEntropy, "eac": EAC}


def create_method(model: AttentionModel, config: RunConfig) -> Method:
    """The method that ``config.method`` names, owning ``model``."""
    return METHODS[config.method](model, config)
