"""The page on label audits, run without a browser."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dashboard.analysis.audit import headline
from dashboard.data.audits import find_audits
from dashboard.data.sources import RecordSource
from fer_core.audit.folder import write_audit
from fer_core.audit.gallery import Thumbnails, write_gallery
from tests.dashboard.made_audits import make_audit


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A runs folder with two audits, the later one of unknown labels; read it only."""
    root = tmp_path_factory.mktemp("audits")
    for name, known in (("audit-known", True), ("run/audit", False)):
        audit = make_audit(known=known)
        write_audit(root / name, audit)
    pixels = np.zeros((60, 8, 8, 1), np.uint8)
    write_gallery(root / "audit-known", make_audit(), Thumbnails(make_audit().names, pixels))
    return root


def text_of(app):
    kinds = ("markdown", "caption", "info", "warning", "error", "code")
    return "\n".join(str(item.value) for kind in kinds for item in app.get(kind))


def titles(app):
    charts = [json.loads(item.proto.spec) for item in app.get("plotly_chart")]
    return [chart["layout"]["title"]["text"] for chart in charts]


def known_audit(audited):
    return {"audit": f"{audited.name}/audit-known"}


def test_where_the_truth_is_known_the_page_shows_what_the_ranking_finds(shown_page, audited):
    app = shown_page("audit", audited, **known_audit(audited))
    assert not app.exception
    found = make_audit()
    assert f"{found.flagged.sum()} of 60 labels are flagged" in text_of(app)
    assert f"{found.wrong.sum()} labels are known to be wrong" in text_of(app)
    assert titles(app) == [
        "How far each label can be trusted",
        "Labels after correction (%)",
        "True labels (%)",
        "Precision by recall",
    ]
    ranked = app.dataframe[0].value
    assert ranked["image"].tolist() == [found.names[row] for row in found.order]
    scores = app.dataframe[1].value
    assert set(scores["score"]) == set(found.scores)
    assert scores["auroc"].is_monotonic_decreasing
    assert found.measured["all"]["scores"]["combined"]["auroc"][0] in scores["auroc"].tolist()


def test_the_ranking_is_filtered_by_label_and_flag(open_page, audited):
    app = open_page("audit", audited, **known_audit(audited))
    app.multiselect(key="audit_label").select("anger").run()
    app.toggle(key="audit_flagged").set_value(True).run()
    rows = app.dataframe[0].value
    assert set(rows["noisy_label"]) == {"anger"}
    assert rows["flagged"].all()
    found = make_audit()
    assert len(rows) == (found.flagged & (found.noisy_labels == 1)).sum()


def test_without_truth_and_thumbnails_the_page_says_so(shown_page, audited):
    app = shown_page("audit", audited, audit=f"{audited.name}/run/audit")
    assert not app.exception
    text = text_of(app)
    assert "The true labels are not known" in text
    assert "fer-core audit URI --noise symmetric" in text
    assert "has no thumbnails" in text
    assert "True labels (%)" not in titles(app)


def test_no_audit_gives_the_command(shown_page, eight_records):
    app = shown_page("audit", eight_records)
    assert not app.exception
    assert "fer-core audit runs/RUN" in text_of(app)


def test_a_damaged_audit_is_a_sentence(open_page, tmp_path):
    write_audit(tmp_path / "one", make_audit())
    (tmp_path / "one" / "audit.csv").write_text("rank,image\n1,a\n")
    app = open_page("audit", tmp_path)
    assert not app.exception
    assert "fer-core audit" in app.error[0].value
    (tmp_path / "one" / "audit.csv").unlink()
    assert "is incomplete" in app.run().warning[0].value


def test_a_link_out_of_a_public_folder_is_refused(open_page, tmp_path):
    write_audit(tmp_path / "elsewhere" / "one", make_audit())
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "one").symlink_to(tmp_path / "elsewhere" / "one")
    app = open_page("audit", tmp_path / "public")
    assert "link to a file outside" in app.warning[0].value
    assert not app.dataframe


def test_a_gallery_of_another_audit_is_a_sentence(open_page, tmp_path):
    write_audit(tmp_path / "one", make_audit())
    other = Thumbnails(("other.png",), np.zeros((1, 8, 8, 1), np.uint8))
    np.savez(tmp_path / "one" / "thumbnails.npz", **other._asdict())
    app = open_page("audit", tmp_path)
    assert not app.exception
    assert "is not of this audit" in app.error[0].value


def test_audits_of_one_name_from_two_sources_can_both_be_chosen(tmp_path):
    sources = []
    for folder in ("one", "two"):
        write_audit(tmp_path / folder / "runs" / "audit", make_audit())
        sources.append(RecordSource("runs", tmp_path / folder / "runs"))
    found = find_audits(sources)
    assert {one.name for one in found} == {"runs/audit", "runs/audit (2)"}
    assert len({one.path for one in found}) == 2


def test_one_flagged_label_is_told_in_the_singular():
    audit = make_audit(known=False)
    text = headline(replace(audit, flagged=np.arange(60) == 0))
    assert text.startswith("1 of 60 labels is flagged")
