"""Options and facts of balanced EAC (NeurIPS 2023); see `fer_core.methods.eac_balanced`."""

from dataclasses import dataclass

from fer_core.config import checks
from fer_core.config.methods.eac import EACOptions
from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodSpec, Paper


@dataclass(frozen=True)
class BalancedEACOptions(EACOptions):
    """Balanced EAC."""

    consistency_weight: float = 1.01
    """Lambda, the weight of the consistency loss: 1.01 in the paper's code."""
    rare_smoothing: float = 0.3
    """Share of the label that is spread over the other classes, rare ones first."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        if self.consistency != "maps":
            raise ValueError(
                "method 'eac_balanced' weights the maps of the classes: consistency must be "
                f"'maps', got {self.consistency!r}"
            )
        checks.in_range("rare_smoothing", self.rare_smoothing, 0, 1)


add(
    MethodSpec(
        "eac_balanced",
        "fer_core.methods.eac_balanced:BalancedEAC",
        "EAC, balanced",
        BalancedEACOptions,
        Paper(
            "zhang2023unturned",
            "Leave No Stone Unturned: Mine Extra Knowledge for Imbalanced Facial Expression "
            "Recognition",
            ("Zhang", "Li", "Qin", "Liu", "Deng"),
            "NeurIPS",
            2023,
            "2310.19636",
        ),
        colours=("#009E73",),
        hard_labels=True,
        defaults={"flip_probability": 0.0},
    )
)
