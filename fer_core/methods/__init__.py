"""Training methods by name."""

from torch import Tensor

from fer_core.config import RunConfig
from fer_core.methods.base import Batch, Method, StepOutput
from fer_core.methods.co_teaching import CoTeaching
from fer_core.methods.cross_entropy import CrossEntropy
from fer_core.methods.eac import EAC
from fer_core.methods.eac_balanced import BalancedEAC
from fer_core.methods.gce import GCE
from fer_core.methods.nla import NLA
from fer_core.methods.rul import RUL
from fer_core.methods.scn import SCN
from fer_core.models import AttentionModel

__all__ = ["METHODS", "Batch", "Method", "StepOutput", "create_method"]

METHODS: dict[str, type[Method]] = {
    "cross_entropy": CrossEntropy,
    "label_smoothing": CrossEntropy,  # the plain model with label_smoothing above 0
    "eac": EAC,
    "gce": GCE,
    "scn": SCN,
    "rul": RUL,
    "eac_balanced": BalancedEAC,
    "nla": NLA,
    "co_teaching": CoTeaching,
}


def create_method(model: AttentionModel, config: RunConfig, targets: Tensor) -> Method:
    """The method that ``config.method`` names, owning ``model``.

    Args:
        model: the network to be trained.
        config: the run's settings.
        targets: (N,) int64 given labels of the training set, or (N, K) shares of votes.
    """
    return METHODS[config.method](model, config, targets)
