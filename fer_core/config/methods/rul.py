"""Options and facts of RUL (NeurIPS 2021); what it computes: `fer_core.methods.rul`."""

from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodSpec, Paper

add(
    MethodSpec(
        "rul",
        "fer_core.methods.rul:RUL",
        "RUL",
        paper=Paper(
            "zhang2021rul",
            "Relative Uncertainty Learning for Facial Expression Recognition",
            ("Zhang", "Wang", "Deng"),
            "NeurIPS",
            2021,
        ),
        colours=("#A89500",),
        hard_labels=True,
        least_images=2,  # it compares images
    )
)
