"""Options and facts of EAC (ECCV 2022); what it computes: `fer_core.methods.eac`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fer_core.config import checks
from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodOptions, MethodSpec, Paper

if TYPE_CHECKING:
    from fer_core.config import RunConfig


@dataclass(frozen=True)
class EACOptions(MethodOptions):
    """Erasing Attention Consistency."""

    consistency_weight: float = 5.0
    """Lambda, the weight of the consistency loss: 5 in the paper's code."""
    consistency: Literal["maps", "logits", "centred_maps", "outside_erased"] = "maps"
    """What must agree in both views: the attention maps; as a control, the logits alone. Against
    maps that hardly depend on the image: centred_maps, the maps minus their mean over the batch, or
    outside_erased, the maps where neither view is erased, so that they may change where the face
    is erased; it needs an erased_region independent of the other."""
    ramp_epochs: int = 0
    """Epochs over which lambda rises from 0; the paper has none. Helps training from
    random weights."""
    erased_region: Literal["same", "independent", "official"] = "same"
    """Erased region of the flipped view: the same as in the labelled view, or independent of it;
    official, as in the authors' code: the same on true labels, independent under label noise."""
    detach_classifier: bool = True
    """Keep the consistency gradient out of the classifier's weights, as in the official code."""
    views: Literal["two_passes", "one_pass"] = "two_passes"
    """BatchNorm sees the two views separately (two_passes) or together (one_pass)."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        checks.finite("consistency_weight", self.consistency_weight)
        checks.at_least("consistency_weight", self.consistency_weight, 0)
        checks.at_least("ramp_epochs", self.ramp_epochs, 0)
        if self.consistency == "outside_erased" and self.erased_region == "same":
            raise ValueError(
                "consistency 'outside_erased' compares views with regions of their own: use "
                "erased_region 'independent' or 'official', got 'same'"
            )

    def unreached(self, run: "RunConfig") -> str:
        """The full lambda, where it rises for longer than the run."""
        if self.ramp_epochs <= run.epochs:
            return ""
        share = 100 * run.epochs / self.ramp_epochs
        return f"ramp_epochs is {self.ramp_epochs}, so lambda ends at {share:.0f} % of its weight"


add(
    MethodSpec(
        "eac",
        "fer_core.methods.eac:EAC",
        "EAC",
        EACOptions,
        Paper(
            "zhang2022eac",
            "Learn From All: Erasing Attention Consistency for Noisy Label Facial Expression "
            "Recognition",
            ("Zhang", "Wang", "Ling", "Deng"),
            "ECCV",
            2022,
            "2207.10299",
        ),
        colours=("#1F83C4", "#56B4E9"),
        # The flip makes the second view, which meets no label; the labelled one is never flipped.
        defaults={"flip_probability": 0.0},
    )
)
