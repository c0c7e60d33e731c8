"""Run records -> Markdown tables: accuracies in percent, differences in points."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fer_core.config import defaults_of
from fer_core.config.data import DATA_NAMES
from fer_core.metrics.classification import AVERAGED_EPOCHS
from fer_core.metrics.student_t import Interval
from fer_core.records.compare import pair_eac_with_baseline, paired_gap, with_clean_pair
from fer_core.records.groups import RunGroup, group_runs
from fer_core.records.measures import MEASURES, has_all_measures
from fer_core.records.provenance import NOT_STATED
from fer_core.records.run import RunRecord
from fer_core.records.trials import NO_NUMBER, TREATMENTS, UNKNOWN, LabelNoise
from fer_core.reporting.blocks import ReportError
from fer_core.reporting.eac_variants import which_eac
from fer_core.reporting.option_text import option_text

ACCURACY, MEAN_CLASS_ACCURACY = "accuracy_last5", "mean_class_accuracy_last5"
MEMORISED = "Memorised: noisy training labels that the model predicts in its last epoch."


def noise_table(records: Sequence[RunRecord]) -> str:
    """The baseline against EAC, a row for each noise: the two of a row differ in no other option.

    Raises:
        ReportError: when no baseline run has an EAC run to compare with.
    """
    pairs = pair_eac_with_baseline(group_runs(records))
    if not pairs:
        raise ReportError(
            "no finished cross_entropy run has an eac run of the same data, options, noise and seed"
        )
    groups = [group for pair in pairs for group in pair]
    rows = []
    for baseline, eac in pairs:
        options = differing_options(eac, groups)
        rows.append(
            [
                *model_cells(eac, groups),
                noise_name(eac.noise) + options,
                seeds_text(eac),
                mean_text(baseline.over_seeds(ACCURACY)),
                mean_text(eac.over_seeds(ACCURACY)),
                gap_text(paired_gap(eac, baseline)),
                _falls((baseline, eac), pairs),
                " / ".join(_mean_alone(g.over_seeds(MEAN_CLASS_ACCURACY)) for g in (baseline, eac)),
                " / ".join(_share(g.last_epoch("memorised")) for g in (baseline, eac)),
            ]
        )
    header = [*model_header(groups), "noise", "seeds", "baseline", "EAC"]
    header += ["EAC - baseline (95 % interval, Student's t over seeds)"]
    header += ["against own clean run, baseline / EAC"]
    header += ["mean class accuracy, baseline / EAC", "memorised, baseline / EAC"]
    shown = [trial.record for group in groups for trial in group.trials]
    return f"{table(header, rows)}\n\n{selection(shown)} {which_eac(groups)}{provenance(shown)}"


def runs_table(records: Sequence[RunRecord]) -> str:
    """A row for each approach: method, the options in which the rows differ, and what it reached.

    Runs with held-out images have all three measures of `fer_core.records.measures`.

    Raises:
        ReportError: when no run is finished.
    """
    groups = group_runs(records)
    if not groups:
        raise ReportError("none of the runs is finished")
    figures = {"accuracy": ACCURACY, "mean class accuracy": MEAN_CLASS_ACCURACY}
    if any(has_all_measures(group) for group in groups):
        chosen, with_tta = MEASURES["chosen"], MEASURES["chosen_tta"]
        figures |= {one.title: one.accuracy for one in (chosen, with_tta)}
        figures["its mean class accuracy"] = with_tta.mean_class_accuracy
    rows = [
        [
            *model_cells(group, groups),
            approach_name(group, groups),
            noise_name(group.noise) + _list_name(group),
            *(mean_text(group.over_seeds(figure)) for figure in figures.values()),
            _share(group.last_epoch("memorised")),
            seeds_text(group),
        ]
        for group in groups
    ]
    header = [*model_header(groups), "method", "noise", *figures, "memorised"]
    facts = f"{selection(records)} {which_eac(groups)}{provenance(records)}"
    return f"{table([*header, 'seeds'], rows)}\n\n{facts}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell ends no cell."""
    lines = [header, ["---"] * len(header), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def selection(records: Sequence[RunRecord]) -> str:
    """Two sentences: what the figures of a table of these records are."""
    return f"Accuracy: {averaged(records)}; ±: standard deviation over seeds. {MEMORISED}"


def averaged(records: Sequence[RunRecord]) -> str:
    """Over how many epochs the accuracies of these records are means."""
    short = [number for number in _epochs(records) if number < AVERAGED_EPOCHS]
    fewer = f" (all {' or '.join(map(str, short))} of a shorter run)" if short else ""
    return f"mean over the last {AVERAGED_EPOCHS} epochs{fewer}, never the best one"


def provenance(records: Sequence[RunRecord]) -> str:
    """One sentence: how many runs, on what, from which weights, at which commits of the code."""
    finished = [record for record in records if record.status == "finished"]
    tests = sorted({_eval_images(record) for record in finished})
    weights = sorted({_weights(r.config["pretrained"]) for r in finished})
    commits = sorted({str(r.environment.get("commit") or "not recorded")[:12] for r in finished})
    devices = sorted({str(r.environment.get("device") or "a device not stated") for r in finished})
    return (
        f"{len(finished)} run{'s'[: len(finished) > 1]} on {', '.join(devices)}; tested on "
        f"{'; '.join(tests)}; {', '.join(map(str, _epochs(records)))} epochs; "
        f"{', '.join(weights)}; commit {', '.join(commits)}."
    )


def _epochs(records: Sequence[RunRecord]) -> list[int]:
    """The lengths of the finished runs, from the shortest; early stopping ends one before it."""
    finished = (record for record in records if record.status == "finished")
    return sorted({len(record.epochs) or int(record.config["epochs"]) for record in finished})


def noise_name(noise: LabelNoise) -> str:
    """A noise in words."""
    if math.isnan(noise.percent):
        return NOT_STATED
    if not noise.percent:
        return "none added"
    return f"{noise.percent:g} % {noise.kind}"


def _list_name(group: RunGroup) -> str:
    files = [trial.record.config.get("noise_file") for trial in group.trials]
    names = {Path(file).name for file in files if file is not None}
    return "".join(f" {name}" for name in sorted(names))


def mean_text(value: Interval | None) -> str:
    """Mean and standard deviation over seeds; a dash where a run lacks the figure."""
    if value is None:
        return "-"
    return f"{value.mean:.2f}" + (f" ± {value.deviation:.2f}" if value.n > 1 else "")


def gap_text(gap: Interval | None) -> str:
    """A difference with its interval over seeds."""
    if gap is None:
        return "no seed in both"
    if gap.n == 1:
        return f"{gap.mean:+z.2f} (one seed)"
    return f"{gap.mean:+z.2f} ({gap.mean - gap.half:+z.2f} to {gap.mean + gap.half:+z.2f})"


def _falls(pair: tuple[RunGroup, RunGroup], pairs: Sequence[tuple[RunGroup, RunGroup]]) -> str:
    """How far the noise brings both methods below their own clean runs, over the same seeds."""
    if not pair[1].noise.percent or not (four := with_clean_pair(pair, pairs)):
        return "-"
    gaps = (paired_gap(noisy, clean) for noisy, clean in zip(four[:2], four[2:], strict=True))
    count = len(four[0].trials)
    fewer = f" (n = {count})" if count < len(pair[1].trials) else ""
    return " / ".join(f"{gap.mean:+z.2f}" for gap in gaps if gap is not None) + fewer


def _mean_alone(value: Interval | None) -> str:
    return "-" if value is None else f"{value.mean:.2f}"


def _share(value: Interval | None) -> str:
    return "-" if value is None else f"{value.mean:.1f} %"


def seeds_text(group: RunGroup) -> str:
    """The seeds of a group."""
    seeds = [trial.seed for trial in group.trials]
    return ", ".join(NOT_STATED if seed == NO_NUMBER else str(seed) for seed in sorted(seeds))


def model_header(groups: Sequence[RunGroup]) -> list[str]:
    """The first columns of a table of these groups: see `model_cells`."""
    return ["model"] + (["data"] if _several(groups) else [])


def model_cells(group: RunGroup, groups: Sequence[RunGroup]) -> list[str]:
    """Backbone and size of a group, and its data where the groups have several."""
    setting = group.setting
    name = DATA_NAMES.get(setting.data, setting.data)
    data = [f"{name}, {setting.classes} classes"] if _several(groups) else []
    size = setting.image_size
    pixels = f"size {NOT_STATED}" if size == NO_NUMBER else f"{size} px"
    return [f"{setting.backbone}, {pixels}", *data]


def _several(groups: Sequence[RunGroup]) -> bool:
    return len({(group.setting.data, group.setting.classes) for group in groups}) > 1


def approach_name(group: RunGroup, groups: Sequence[RunGroup]) -> str:
    """The method of a group, with the options off their default in which groups of it differ."""
    return group.approach.method + differing_options(group, groups)


def differing_options(group: RunGroup, groups: Sequence[RunGroup]) -> str:
    """The options of the group in which groups of the table differ, as text behind the method.

    The default of an option goes without saying; for the number of epochs there is none.
    """
    alike = [other for other in groups if other.approach.method == group.approach.method]
    defaults = defaults_of(group.approach.method) | {"epochs": None}
    said = {name: value for name, value in _options(group).items() if value != defaults.get(name)}
    names = [name for name in said if len({str(_options(o).get(name)) for o in alike}) > 1]
    return "".join(
        f", {name.replace('_', ' ')} {option_text(said[name])}" for name in sorted(names)
    )


def _options(group: RunGroup) -> dict[str, Any]:
    shared: dict[str, Any] = json.loads(group.setting.options)
    treatments = {name: group.trials[0].record.config.get(name, 0.0) for name in TREATMENTS}
    own = json.loads(group.approach.options)
    return {**shared, **treatments, **own, "epochs": group.setting.epochs}


def _eval_images(record: RunRecord) -> str:
    data, classes = record.data, f"{len(record.classes)} classes"
    count = data.get("eval_images")
    size = classes if count is None else f"{count:,} images, {classes}"
    name = str(data["name"] or UNKNOWN)
    return f"{DATA_NAMES.get(name, name)} {data['eval_split'] or 'images'} ({size})"


def _weights(pretrained: str | None) -> str:
    if pretrained is None:
        return f"starting weights {NOT_STATED}"
    known = {"none": "from random weights", "hub": "from timm's own weights"}
    return known.get(pretrained, f"from {pretrained}")
