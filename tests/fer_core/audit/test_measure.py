import json

import numpy as np
import pytest

from fer_core.audit.measure import choose_combination, measure, subsets
from fer_core.audit.result import Audit
from fer_core.audit.scores import combine
from fer_core.metrics.ranking import auroc


def made(true_labels, *, votes=None, count=400):
    """An audit of two classes in which a fourth of the labels is wrong, and three scores."""
    generator = np.random.default_rng(0)
    noisy = generator.integers(0, 2, count)
    wrong = np.arange(count) < count // 4
    truth = np.where(wrong, 1 - noisy, noisy) if true_labels else None
    good, other = (generator.normal(size=count) + 1.5 * wrong for _ in range(2))
    scores = {"cross_entropy": good, "knn": other, "flip_disagreement": generator.random(count)}
    return Audit(
        ("calm", "glad"),
        tuple(map(str, range(count))),
        noisy,
        truth,
        noisy,
        np.full((count, 2), 0.5, np.float32),
        {name: values.astype(np.float32) for name, values in scores.items()},
        "cross_entropy",
        np.zeros(count, bool),
        votes,
    )


def test_the_figures_tell_good_scores_from_chance():
    measured = measure(made(True), firsts=(50, 1000), resamples=100)
    figures = measured["all"]["scores"]
    low, high = figures["cross_entropy"]["auroc"][1:]
    assert 0.75 < low < high < 0.95
    assert figures["flip_disagreement"]["auroc"][1] < 0.5 < figures["flip_disagreement"]["auroc"][2]
    assert list(figures["knn"]["precision"]) == ["50"]
    assert measured["all"]["wrong"] == 100
    assert set(measured["all"]["per_class"]) == {"calm", "glad"}
    assert list(measured) == ["all"]
    json.dumps(measured, allow_nan=False)


def test_clear_cases_keep_the_right_labels_and_the_wrong_ones_that_most_raters_contradict():
    votes = np.where(np.arange(400) % 2, 0.8, 0.3).astype(np.float32)
    audit = made(True, votes=votes)
    clear = subsets(audit)["clear"]
    assert clear[100:].all()
    assert clear[:100].sum() == 50
    assert measure(audit, resamples=100)["clear"]["wrong"] == 50


def test_without_true_labels_nothing_is_measured():
    assert measure(made(False)) is None


def test_where_all_labels_are_right_there_are_counts_and_no_figures():
    audit = made(False)
    audit = Audit(**{**vars(audit), "true_labels": audit.noisy_labels})
    measured = measure(audit, resamples=100)["all"]
    assert (measured["wrong"], measured["scores"], measured["curves"]) == (0, {}, {})
    assert measured["per_class"]["calm"]["auroc"] == dict.fromkeys(audit.scores)


def test_a_combination_takes_the_scores_that_help_and_holds_on_other_images():
    audit = made(True, count=2000)
    half = np.arange(2000) % 2 == 0
    chosen = choose_combination(
        {name: values[half] for name, values in audit.scores.items()}, audit.wrong[half]
    )
    assert set(chosen) == {"cross_entropy", "knn"}
    other = {name: values[~half] for name, values in audit.scores.items()}
    combined = combine([other[name] for name in chosen])
    alone = auroc(other["cross_entropy"], audit.wrong[~half])
    assert auroc(combined, audit.wrong[~half]) > alone
    assert choose_combination(audit.scores, np.zeros(2000, bool)) == ()


def test_too_few_resamples_are_refused():
    with pytest.raises(ValueError, match="bootstrap must be 100"):
        measure(made(True), resamples=1)
