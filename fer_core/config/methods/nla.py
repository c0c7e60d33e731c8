"""Options and facts of NLA (AAAI 2025); what it computes: `fer_core.methods.nla`."""

from dataclasses import dataclass

from fer_core.config import checks
from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodOptions, MethodSpec, Paper


@dataclass(frozen=True)
class NLAOptions(MethodOptions):
    """Navigating Label Ambiguity."""

    ambiguity_share: float = 0.5
    """Lambda, the share of the weighted cross-entropy in the loss, in (0, 1]; the rest is the
    consistency of the two views."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        checks.in_open_range("ambiguity_share", self.ambiguity_share, 0, 1)


add(
    MethodSpec(
        "nla",
        "fer_core.methods.nla:NLA",
        "NLA",
        NLAOptions,
        Paper(
            "lee2025nla",
            "Navigating Label Ambiguity for Facial Expression Recognition in the Wild",
            ("Lee", "Choi", "Kim", "Kim", "Nam"),
            "AAAI",
            2025,
            "2502.09993",
        ),
        colours=("#C44E52",),
        hard_labels=True,
    )
)
