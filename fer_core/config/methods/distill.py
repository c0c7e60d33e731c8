"""Options and facts of knowledge distillation; what it computes: `fer_core.methods.distill`."""

import dataclasses
from dataclasses import dataclass
from pathlib import PurePath
from typing import Self

from fer_core.config import checks
from fer_core.config.methods.registry import add
from fer_core.config.methods.spec import MethodOptions, MethodSpec, Paper


@dataclass(frozen=True)
class DistillOptions(MethodOptions):
    """Knowledge distillation."""

    teachers: tuple[str, ...] = ("bundled",)
    """Trained models of the same classes, whose average is learned from: folders of runs or models,
    bundled, or names on the Hugging Face Hub."""
    teacher_share: float = 0.5
    """alpha in [0, 1]: weight of the teachers in the loss; the labels have the rest."""
    temperature: float = 1.0
    """T, above 0: the logits of teachers and student are divided by it; above 1 the less probable
    classes count for more."""

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        if not self.teachers:
            raise ValueError("teachers must name at least one model, got none")
        if not all(self.teachers):
            raise ValueError(f"teachers must be names or folders of models, got {self.teachers}")
        checks.in_range("teacher_share", self.teacher_share, 0, 1, closed=True)
        checks.above("temperature", self.temperature, 0)
        checks.finite("temperature", self.temperature)

    def without_folders(self) -> Self:
        """Of a path to a teacher the folder's name; of RUN/model the run's."""
        return dataclasses.replace(self, teachers=tuple(map(name_of, self.teachers)))


def name_of(teacher: str) -> str:
    """A teacher as a record names it; OWNER/NAME of the Hub stays, as does any path like it."""
    path = PurePath(teacher)
    if path.name == "model" and len(path.parts) > 1:
        path = path.parent
    may_be_id = len(path.parts) == 2 and teacher[0] not in "/.~"
    return str(path) if may_be_id else path.name or teacher


add(
    MethodSpec(
        "distill",
        "fer_core.methods.distill:Distillation",
        "distillation",
        DistillOptions,
        Paper(
            "hinton2014distilling",
            "Distilling the Knowledge in a Neural Network",
            ("Hinton", "Vinyals", "Dean"),
            "NIPS Deep Learning Workshop",
            2014,
            "1503.02531",
        ),
        colours=("#5F6B7A",),
    )
)
