"""What is known of a training method before it trains: its options, its paper, its colour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from fer_core.config import checks

if TYPE_CHECKING:
    from fer_core.config import RunConfig


@dataclass(frozen=True)
class MethodOptions:
    """Options that one method alone reads; this base has none.

    A method's own are a frozen dataclass derived from this one, every field with a default and a
    docstring. They are part of the flat configuration of a run and are flags of its command line.
    """

    def __post_init__(self) -> None:
        """Check that every value is of its field's type; subclasses check more, after `super()`.

        Raises:
            ValueError: naming the option, its value and what is allowed.
        """
        checks.kinds(self)
        checks.choices(self)

    def check_run(self, run: "RunConfig") -> None:
        """Refuse a run in whose company these options make no sense; here, none.

        Raises:
            ValueError: naming the option, its value and what is allowed.
        """

    def unreached(self, run: "RunConfig") -> str:
        """What of the method the run is too short to reach, as a clause; empty: nothing.

        Papers train for longer, so a schedule counted in epochs may lie beyond the end of a run.
        """
        return ""

    def without_folders(self) -> Self:
        """The options as a record may publish them: paths without their folders; here, none."""
        return self


@dataclass(frozen=True)
class Paper:
    """A paper, as cards cite it.

    Attributes:
        key: of the BibTeX entry.
        title: in full.
        authors: family names, in order.
        venue: conference.
        year: of the conference.
        arxiv: number on arXiv, or nothing.
    """

    key: str
    title: str
    authors: tuple[str, ...]
    venue: str
    year: int
    arxiv: str = ""

    @property
    def identifier(self) -> str:
        """As the Hub and timm name papers, or nothing."""
        return f"arXiv:{self.arxiv}" if self.arxiv else ""

    def bibtex(self) -> str:
        """The entry."""
        fields = {
            "title": f"{{{self.title}}}",
            "author": " and ".join(self.authors),
            "booktitle": self.venue,
            "year": str(self.year),
        }
        if self.arxiv:
            fields |= {"eprint": self.arxiv, "archivePrefix": "arXiv"}
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
        return "\n".join([f"@inproceedings{{{self.key},", ",\n".join(lines), "}"])


@dataclass(frozen=True)
class MethodSpec:
    """A method as the registry knows it.

    Attributes:
        name: as in ``--method``, records and tables.
        source: where its class is: ``pkg.module:Class`` or ``/path/file.py:Class``.
        title: as pages show it.
        options: class of its own options. Runs with other values of them are other approaches; all
            other fields of a run are shared and must agree in a fair comparison.
        paper: where it comes from, or None.
        colours: of its lines in charts, the first one first; none: of the palette.
        hard_labels: whether it needs hard labels: its loss has no place for label smoothing,
            mixtures, votes or class weights.
        defaults: its own values of shared fields that are None by default.
        least_images: that it needs in one step, on each process.
        kind: its class, where its file has been imported.
    """

    name: str
    source: str
    title: str
    options: type[MethodOptions] = MethodOptions
    paper: Paper | None = None
    colours: tuple[str, ...] = ()
    hard_labels: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    least_images: int = 1
    kind: type | None = field(default=None, compare=False, repr=False)

    @property
    def bundled(self) -> bool:
        """Whether it belongs to this package, so that its name is enough to find it."""
        return self.source.startswith("fer_core.methods.")
