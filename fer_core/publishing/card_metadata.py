"""The front matter of cards: what the Hub reads of a model, results as its model index included."""

from collections.abc import Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData
from huggingface_hub.repocard_data import DatasetCardData

from fer_core.publishing.data_terms import kind_of, name_of

TAGS = ["facial-expression-recognition", "emotion-recognition", "noisy-labels"]
OWN_TAGS = ["face-classification", "noisy-labels"]  # of classes that are not emotions
# Figure of the facts -> the Hub's kind of metric, and its name.
_METRICS = {
    "accuracy": ("accuracy", "accuracy"),
    "mean_class_accuracy": ("balanced_accuracy", "mean class accuracy"),
    "macro_f1": ("f1", "macro F1"),
    "ece_cross_fitted": ("ece", "expected calibration error, temperature of the other half"),
    "ece": ("ece", "expected calibration error as stored"),
}


def model_header(
    name: str,
    facts: Mapping[str, Any],
    *,
    licence: str,
    library: str,
    papers: list[str],
    emotions: bool,
) -> str:
    """The front matter of a model's card, with the lines of dashes.

    Args:
        name: of the model, for its results.
        facts: its figures, rates in [0, 1].
        licence: of the weights.
        library: that loads them.
        papers: the Hub's tags of papers, as ``arxiv:2207.10299``.
        emotions: whether its classes are emotions.
    """
    method = [str(facts["method"]).replace("_", "-")] if "method" in facts else []
    data = ModelCardData(
        license=licence,
        library_name=library,
        pipeline_tag="image-classification",
        tags=[*(TAGS if emotions else OWN_TAGS), "class-activation-map", *method, *papers],
        model_name=name,
        eval_results=_results(facts, emotions) or None,
    )
    return f"---\n{data.to_yaml()}\n---\n"


def results_header(title: str, licence: str, *, emotions: bool) -> str:
    """The front matter of a data set of run records, with the lines of dashes.

    Args:
        title: of the data set.
        licence: of the records.
        emotions: whether the classes of all runs are emotions.
    """
    data = DatasetCardData(
        license=licence,
        pretty_name=title,
        tags=[*(TAGS if emotions else OWN_TAGS), "run-records"],
        viewer=False,  # the records are files of different tables
    )
    return f"---\n{data.to_yaml()}\n---\n"


def _results(facts: Mapping[str, Any], emotions: bool) -> list[EvalResult]:
    return [
        EvalResult(
            task_type="image-classification",
            task_name="facial expression recognition" if emotions else "face classification",
            dataset_type=kind_of(facts) or "unknown",
            dataset_name=name_of(facts),
            dataset_split=facts.get("eval_split"),
            metric_type=kind,
            metric_name=name,
            metric_value=round(float(facts[figure]), 4),
        )
        for figure, (kind, name) in _METRICS.items()
        if figure in facts
    ]
