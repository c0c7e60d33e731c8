"""The papers behind the methods, as cards cite them; docs/methods.md says what differs here."""

from typing import NamedTuple


class Paper(NamedTuple):
    """A paper.

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


METHOD_PAPERS = {
    "eac": Paper(
        "zhang2022eac",
        "Learn From All: Erasing Attention Consistency for Noisy Label Facial Expression "
        "Recognition",
        ("Zhang", "Wang", "Ling", "Deng"),
        "ECCV",
        2022,
        "2207.10299",
    ),
    "eac_balanced": Paper(
        "zhang2023unturned",
        "Leave No Stone Unturned: Mine Extra Knowledge for Imbalanced Facial Expression "
        "Recognition",
        ("Zhang", "Li", "Qin", "Liu", "Deng"),
        "NeurIPS",
        2023,
        "2310.19636",
    ),
    "gce": Paper(
        "zhang2018gce",
        "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels",
        ("Zhang", "Sabuncu"),
        "NeurIPS",
        2018,
        "1805.07836",
    ),
    "scn": Paper(
        "wang2020scn",
        "Suppressing Uncertainties for Large-Scale Facial Expression Recognition",
        ("Wang", "Peng", "Yang", "Lu", "Qiao"),
        "CVPR",
        2020,
        "2002.10392",
    ),
    "rul": Paper(
        "zhang2021rul",
        "Relative Uncertainty Learning for Facial Expression Recognition",
        ("Zhang", "Wang", "Deng"),
        "NeurIPS",
        2021,
    ),
    "co_teaching": Paper(
        "han2018coteaching",
        "Co-teaching: Robust Training of Deep Neural Networks with Extremely Noisy Labels",
        ("Han", "Yao", "Yu", "Niu", "Xu", "Hu", "Tsang", "Sugiyama"),
        "NeurIPS",
        2018,
        "1804.06872",
    ),
}
