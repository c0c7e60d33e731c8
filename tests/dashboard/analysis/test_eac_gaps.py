"""EAC beside the methods of the project report: only what the table says."""

import numpy as np
import pandas as pd
import pytest

from dashboard.analysis.eac_gaps import COMPARABLE, CONTRADICTED, NONE, eac_gaps, gap_sentences
from dashboard.analysis.published import GROUP, UNRANKED, hust_rows, read_published


@pytest.fixture(scope="module")
def published():
    return read_published()


@pytest.fixture(scope="module")
def gaps(published):
    return eac_gaps(published)


def sentence_on(gaps, method):
    (found,) = [text for text in gap_sentences(gaps) if text.startswith(f"**{method}**")]
    return found


def test_the_report_has_eight_methods_in_its_own_order(published):
    listed = hust_rows(published)
    assert listed["report_row"].tolist() == list(range(1, 9))
    assert set(listed["dataset"]) == {"RAF-DB"}
    assert (listed["method"] == "EAC").sum() == 1


def test_every_other_method_of_the_report_stands_beside_eac(published, gaps):
    expected = set(hust_rows(published)["method"]) - {"EAC"}
    assert expected <= set(gaps["method"])
    assert len(gap_sentences(gaps)) == gaps.drop_duplicates(["method", "value"]).shape[0]


@pytest.mark.slow
def test_a_difference_is_given_only_where_data_classes_noise_and_metric_agree(published, gaps):
    assert (gaps["gap"].notna() == (gaps["verdict"] != NONE)).all()
    eac = published[published["method"] == "EAC"]
    for pair in gaps.dropna(subset="gap").to_dict("records"):
        one = published[
            (published["method"] == pair["method"]) & (published["value"] == pair["value"])
        ]
        other = eac[(eac["value"] == pair["eac_value"]) & (eac["backbone"] == pair["eac_backbone"])]
        assert len(one.merge(other, on=GROUP)) == 1
        assert pair["gap"] == pytest.approx(pair["eac_value"] - pair["value"])
        assert not set(other["trust"]) & set(UNRANKED)


@pytest.mark.slow
def test_unverified_and_unlike_metrics_get_no_difference(gaps):
    for method in ("C-EXPR-NET", "C MT PSR", "C MT VGGFACE"):
        (pair,) = gaps[gaps["method"] == method].to_dict("records")
        assert pair["verdict"] == NONE
        assert np.isnan(pair["gap"])
        assert "not comparable" in sentence_on(gaps, method)


def test_a_class_count_that_is_not_stated_compares_with_nothing(published):
    unknown = published.assign(classes=pd.array([pd.NA] * len(published), dtype="Int64"))
    assert set(eac_gaps(unknown)["verdict"]) == {NONE}


def test_a_contradicted_figure_of_eac_is_called_so(gaps):
    own = gaps[gaps["trust"] == "contradicted"]
    assert set(own["verdict"]) == {CONTRADICTED}
    assert set(own["backbone"]) == set(own["eac_backbone"])
    assert "contradicted, so the difference means nothing" in sentence_on(
        gaps, own["method"].iloc[0]
    )


@pytest.mark.slow
def test_a_sentence_names_backbone_weights_selection_and_trust_of_both_sides(gaps):
    for pair in gaps[gaps["in_hust_report"]].to_dict("records"):
        assert pair["verdict"] == COMPARABLE
        text = sentence_on(gaps, pair["method"])
        for fact in ("backbone", "pretraining", "selection", "trust"):
            assert pair[fact] in text
            assert pair[f"eac_{fact}"] in text


def test_the_same_backbone_and_weights_are_named_where_eac_has_them(gaps):
    text = sentence_on(gaps, "Ada-DF")
    assert "EAC is 0.31 points higher" in text
    assert "With the same backbone and pre-training (ResNet-18, MS-Celeb-1M faces)" in text
    assert text.endswith("EAC is 0.05 points lower.")


def test_the_noise_of_both_results_is_named(gaps):
    texts = gap_sentences(gaps)
    noisy = [text for text in texts if "88.23 %, and EAC, 82.63 %" in text]
    assert noisy
    assert all("(accuracy, 10 % symmetric noise)" in text for text in noisy)
    assert any("clean labels)" in text for text in texts)
