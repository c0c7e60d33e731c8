"""Options and facts of co-teaching (NeurIPS 2018); see `fer_core.methods.co_teaching`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_core.config import checks
from fer_core.config.data import RATED_NOISE
from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodOptions, MethodSpec, Paper

if TYPE_CHECKING:
    from fer_core.config import RunConfig


@dataclass(frozen=True)
class CoTeachingOptions(MethodOptions):
    """Co-teaching."""

    forget_rate: float | None = None
    """Final share of each batch to exclude, ideally the share of wrong labels; None: noise_rate,
    so nothing is excluded without noise. Human noise and noise lists need a number."""
    forget_epochs: int = 10
    """Epochs over which the excluded share rises from 0."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        if self.forget_rate is not None:
            checks.in_range("forget_rate", self.forget_rate, 0, 1)
        checks.at_least("forget_epochs", self.forget_epochs, 0)

    def share(self, run: "RunConfig") -> float:
        """Tau, the share that is excluded in the end."""
        return (run.noise_rate or 0.0) if self.forget_rate is None else self.forget_rate

    def unreached(self, run: "RunConfig") -> str:
        """The full share, where the last epoch excludes less."""
        if self.forget_epochs < run.epochs or not self.share(run):
            return ""
        share = 100 * (run.epochs - 1) / self.forget_epochs
        return (
            f"forget_epochs is {self.forget_epochs}, so the excluded share ends at {share:.0f} % "
            "of forget_rate (the paper reaches it after a twentieth of its epochs)"
        )

    def check_run(self, run: "RunConfig") -> None:
        """Refuse noise of an unknown rate, for which no share would follow."""
        known = run.noise in ("none", *RATED_NOISE)
        if self.forget_rate is None and not known:
            raise ValueError(
                f"method 'co_teaching' cannot know what share of the labels noise {run.noise!r} "
                "changes: set forget_rate to about that share, for example 0.3"
            )


add(
    MethodSpec(
        "co_teaching",
        "fer_core.methods.co_teaching:CoTeaching",
        "co-teaching",
        CoTeachingOptions,
        Paper(
            "han2018coteaching",
            "Co-teaching: Robust Training of Deep Neural Networks with Extremely Noisy Labels",
            ("Han", "Yao", "Yu", "Niu", "Xu", "Hu", "Tsang", "Sugiyama"),
            "NeurIPS",
            2018,
            "1804.06872",
        ),
        colours=("#8A6A3B",),
        hard_labels=True,
    )
)
