from fer_core.config.methods import METHODS, paper_of
from tests.project import PROJECT

DOCS = PROJECT / "docs" / "methods.md"


def test_every_paper_is_of_a_method_and_stands_in_the_documentation():
    papers = [spec.paper for spec in METHODS.values() if spec.bundled and spec.paper]
    assert len(papers) == 8
    text = " ".join(DOCS.read_text().split())
    for paper in papers:
        assert paper.title in text
        assert f"{paper.venue} {paper.year}" in text
        assert ", ".join(paper.authors) in text
        assert not paper.arxiv or f"arXiv {paper.arxiv}" in text


def test_an_entry_names_what_is_known_alone():
    eac, rul = paper_of("eac"), paper_of("rul")
    assert "eprint = {2207.10299}" in eac.bibtex()
    assert "eprint" not in rul.bibtex()
    assert rul.identifier == ""


def test_the_baseline_and_an_unknown_method_have_no_paper():
    assert paper_of("cross_entropy") is None
    assert paper_of("somebody_elses") is None
