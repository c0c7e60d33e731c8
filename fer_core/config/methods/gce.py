"""Options and facts of GCE (NeurIPS 2018); what it computes: `fer_core.methods.gce`."""

from dataclasses import dataclass

from fer_core.config import checks
from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodOptions, MethodSpec, Paper


@dataclass(frozen=True)
class GCEOptions(MethodOptions):
    """Generalised cross-entropy."""

    gce_exponent: float = 0.7
    """q of (1 - p^q) / q, in (0, 1]: towards 0 the cross-entropy, at 1 the absolute error."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        checks.in_open_range("gce_exponent", self.gce_exponent, 0, 1)


add(
    MethodSpec(
        "gce",
        "fer_core.methods.gce:GCE",
        "GCE",
        GCEOptions,
        Paper(
            "zhang2018gce",
            "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels",
            ("Zhang", "Sabuncu"),
            "NeurIPS",
            2018,
            "1805.07836",
        ),
        colours=("#7B61C9",),
        hard_labels=True,
    )
)
