"""Options and facts of SCN (CVPR 2020); what it computes: `fer_core.methods.scn`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_core.config import checks
from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodOptions, MethodSpec, Paper

if TYPE_CHECKING:
    from fer_core.config import RunConfig


@dataclass(frozen=True)
class SCNOptions(MethodOptions):
    """Self-Cure Network."""

    confident_share: float = 0.7
    """Share of a batch that counts as certain, in (0, 1)."""
    confidence_margin: float = 0.07
    """Gap asked for between the mean weights of the certain and the uncertain images: 0.07 at batch
    64, 0.15 at the paper's batch of 1,024."""
    relabel_epoch: int = 10
    """First epoch, counted from 1, in which labels may change; above epochs: never."""
    relabel_margin: float = 0.2
    """The label of an uncertain image changes when another class is more probable by more than
    this; at 1: never."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        if not 0 < self.confident_share < 1:
            raise ValueError(f"confident_share must be in (0, 1), got {self.confident_share}")
        for name in ("confidence_margin", "relabel_margin"):
            checks.in_range(name, getattr(self, name), 0, 1, closed=True)
        checks.at_least("relabel_epoch", self.relabel_epoch, 1)

    def unreached(self, run: "RunConfig") -> str:
        """Relabelling, where it begins after the last epoch."""
        if self.relabel_epoch <= run.epochs:
            return ""
        return (
            f"relabel_epoch is {self.relabel_epoch}, so no label is corrected (the paper begins "
            "after a seventh of its epochs)"
        )


add(
    MethodSpec(
        "scn",
        "fer_core.methods.scn:SCN",
        "SCN",
        SCNOptions,
        Paper(
            "wang2020scn",
            "Suppressing Uncertainties for Large-Scale Facial Expression Recognition",
            ("Wang", "Peng", "Yang", "Lu", "Qiao"),
            "CVPR",
            2020,
            "2002.10392",
        ),
        colours=("#CC79A7",),
        hard_labels=True,
        least_images=2,  # it compares images
    )
)
