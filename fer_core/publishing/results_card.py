"""The card of a data set of run records."""

from collections.abc import Sequence

from fer_core.publishing.card_metadata import results_header
from fer_core.publishing.data_terms import kind_of, words_of
from fer_core.publishing.records import Copied
from fer_core.reporting.tables import averaged, table

LONGEST = 200  # runs in the table


def results_card(copied: Sequence[Copied], repository: str, licence: str) -> str:
    """The card as Markdown with the Hub's front matter: what the records are, and a row for each.

    Args:
        copied: the records of the data set.
        repository: ``USER/NAME``.
        licence: of the records.
    """
    title = f"Run records: {repository.rpartition('/')[2]}"
    rows = [_row(run) for run in copied[:LONGEST]]
    more = f"\n\nAnd {len(copied) - LONGEST} more." if len(copied) > LONGEST else ""
    kinds = dict.fromkeys(kind_of(run.record.config) for run in copied)
    terms = " ".join(dict.fromkeys(words_of({"data": kind}).terms for kind in kinds))
    emotions = all(run.record.taxonomy.emotions for run in copied if run.record.classes)
    task = "facial expression recognition" if emotions else "face classification"
    header = [
        "run",
        "data",
        "backbone",
        "method",
        "noise",
        "seed",
        "accuracy, %",
        "mean class accuracy, %",
    ]
    return f"""{results_header(title, licence, emotions=emotions)}# {title}

{len(copied)} training runs of {task} under label noise, one folder each:
`run.json` (options, data, noise, environment, final figures), `epochs.jsonl` (one line per epoch)
and, where published, `predictions.csv` (the prediction on each evaluation image), `maps.json` and
`robustness.json`. No weights, no images.

## Use
The project's dashboard shows them as `hf://{repository}`. Without it:

```python
from pathlib import Path

from fer_core.records.run import read_runs
from huggingface_hub import snapshot_download

runs = read_runs(Path(snapshot_download("{repository}", repo_type="dataset"))).runs
```

## Runs
{table(header, rows)}{more}

Accuracy: {averaged([run.record for run in copied])}.

## Terms
The records: {licence}. They hold no image; where there is a `predictions.csv`, it names images of \
the data set and their labels. {terms}
"""


def _row(run: Copied) -> list[str]:
    record = run.record
    config, result = record.config, record.result
    noise = _stated(config["noise"])
    realised = record.noise.get("realised_rate")
    rate = config["noise_rate"] if realised is None else realised
    if noise not in ("none", "file") and rate is not None:
        noise = f"{100 * rate:.0f} % {noise}"
    figures = [
        f"{100 * result[name]:.2f}" if name in result else record.status
        for name in ("accuracy_last5", "mean_class_accuracy_last5")
    ]
    data = str(record.data.get("name") or kind_of(config))
    return [
        run.name,
        data,
        _stated(config["backbone"]),
        _stated(config["method"]),
        noise,
        _stated(config["seed"]),
        *figures,
    ]


def _stated(value: object) -> str:
    """An option of a run; what an imported record does not say is not made up."""
    return "not stated" if value is None else str(value)
