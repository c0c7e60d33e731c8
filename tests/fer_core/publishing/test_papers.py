from pathlib import Path

from fer_core.methods import METHODS
from fer_core.publishing.papers import METHOD_PAPERS

DOCS = Path(__file__).parents[3] / "docs" / "methods.md"


def test_every_paper_is_of_a_method_and_stands_in_the_documentation():
    assert set(METHOD_PAPERS) <= set(METHODS)
    text = " ".join(DOCS.read_text().split())
    for paper in METHOD_PAPERS.values():
        assert paper.title in text
        assert f"{paper.venue} {paper.year}" in text
        assert ", ".join(paper.authors) in text
        assert not paper.arxiv or f"arXiv {paper.arxiv}" in text


def test_an_entry_names_what_is_known_alone():
    assert "eprint = {2207.10299}" in METHOD_PAPERS["eac"].bibtex()
    assert "eprint" not in METHOD_PAPERS["rul"].bibtex()
    assert METHOD_PAPERS["rul"].identifier == ""
