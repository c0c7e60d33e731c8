"""The baseline, and the same with smooth labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodOptions, MethodSpec

if TYPE_CHECKING:
    from fer_core.config import RunConfig

SOURCE = "fer_core.methods.cross_entropy:CrossEntropy"


@dataclass(frozen=True)
class SmoothLabels(MethodOptions):
    """No options of its own; the label smoothing of all methods must be on."""

    def check_run(self, run: "RunConfig") -> None:
        """Refuse a run that would be the baseline under another name."""
        if not run.label_smoothing:
            raise ValueError(
                "method 'label_smoothing' needs label_smoothing above 0, for example 0.1, got 0"
            )


add(MethodSpec("cross_entropy", SOURCE, "baseline", colours=("#D55E00", "#E69F00")))
add(
    MethodSpec(
        "label_smoothing",
        SOURCE,
        "label smoothing",
        SmoothLabels,
        colours=("#AA3377",),
    )
)
