"""The options of ``fer-core audit``, and the run that they describe."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from fer_core.audit.cleanlab_scores import is_installed
from fer_core.audit.measure import RESAMPLES
from fer_core.audit.result import ScoreName
from fer_core.audit.scores import CLEANLAB, NEEDS_CLEANLAB
from fer_core.config import NoiseKind, RunConfig, from_json
from fer_core.config.recipes import RECIPES, RecipeName
from fer_core.io.files import displayed
from fer_core.machine import Device
from fer_core.metrics.intervals import check_resamples
from fer_core.records.run import RUN_FILE, RunRecord
from fer_core.training.checkpoint import CheckpointError, read_checkpoint

EPOCHS = 15  # of a run that the audit trains itself


@dataclass(frozen=True)
class TrainingOptions:
    """The run that is trained where only data are named; None: as for fer-core train."""

    recipe: RecipeName | None = None
    """Named settings to start from (docs/recipes.md)."""
    method: str | None = None
    """Training method; by default eac, which resists label noise."""
    backbone: str | None = None
    """timm model name."""
    pretrained: str | None = None
    """Starting weights: none, hub, or a file."""
    image_size: int | None = None
    """Side length of the input in pixels."""
    channels: Literal[1, 3] | None = None
    """Input channels."""
    stride: int | None = None
    """Total stride of the backbone."""
    epochs: int | None = None
    """Passes over the training set; by default 15, or those of the recipe."""
    batch_size: int | None = None
    """Images per step."""
    learning_rate: float | None = None
    """Learning rate of the first epoch."""
    gamma: float | None = None
    """Learning-rate factor per epoch."""
    precision: Literal["no", "bf16", "fp16"] | None = None
    """Numeric precision."""
    noise: NoiseKind | None = None
    """Label noise for evaluating the audit; the data set's own labels then count as true."""
    noise_rate: float | None = None
    """Noise rate: share of the training labels to change."""
    exclude: str | None = None
    """List of files to exclude."""
    seed: int | None = None
    """Seed of noise, weights, order and folds."""


@dataclass(frozen=True)
class Command:
    """Rank training images by how likely their label is wrong, and suggest better ones.

    `fer-core audit URI` trains one EAC run on the labels and scores with it; `fer-core audit RUN`
    uses a finished run. A method that is robust to label noise, such as EAC, exposes wrong labels;
    a cross-entropy baseline memorises them if it trains for long.
    """

    subject: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="URI|RUN|AUDIT")]
    """Data set as for fer-core train --data, the folder of a finished run, or the folder of an
    audit whose lists --decisions rewrites."""
    run: Path | None = None
    """Folder of a finished run on this data set; its model is used, and none is trained."""
    model: str | None = None
    """Any model in place of a run: a folder, bundled, USER/NAME[@REVISION] of the Hugging Face Hub,
    or, of another project, a folder or hf:USER/NAME."""
    predictions: Path | None = None
    """Outputs of any model in place of a run: a CSV with the columns image and probability_CLASS,
    or an NPZ file (docs/audit.md)."""
    out: Path | None = None
    """Folder to write; by default RUN/audit, or runs/audit-DATA. A file ending in .csv gets the
    table alone."""
    rank_by: ScoreName = "combined"
    """The score that ranks the images."""
    flag: int | None = None
    """Number of images to flag, by rank; by default, the number for which the model is at least as
    confident in another class as it is, on average, for images labelled with that class."""
    folds: int = 0
    """Number of folds: train a cross-entropy baseline without each fold, and score each image with
    the model that has not seen it; 0: off."""
    fold_epochs: int | None = None
    """Epochs of each of these baselines; by default, as many as the run's."""
    gallery: int = 500
    """Images in gallery.html, the most suspicious first, plus copies with different labels; 0:
    no gallery."""
    decisions: Path | None = None
    """CSV of decisions (image,decision,label) on the images of an audit."""
    first: int = 1000
    """If true labels are known: number of top-ranked images for each score's precision."""
    bootstrap: int = RESAMPLES
    """If true labels are known: number of bootstrap resamples for the intervals."""
    data: str | None = None
    """The run's data set, where its folder has moved since; its content must be the same."""
    noise_file: Path | None = None
    """The run's list of noisy labels, where it has moved since; that of --noise file."""
    training: Annotated[TrainingOptions, tyro.conf.arg(name="")] = TrainingOptions()
    """The run to train."""
    device: Device = "auto"
    """cpu, cuda, or auto: the GPU where there is one."""
    threads: int | None = None
    """CPU threads; by default as many as torch takes."""
    cache: Path | None = None
    """Folder of the cache of decoded images, as for fer-core train."""


def run_folder(command: Command) -> Path | None:
    """The folder of the run whose model is used; None: one is trained, or predictions are read."""
    if command.run is not None:
        return command.run
    path = Path(command.subject)
    if (path / RUN_FILE).is_file() or (":" not in command.subject and path.is_dir()):
        return path
    return None


def check(command: Command) -> None:
    """Refuse options that do not go together.

    Raises:
        ValueError: naming the options.
    """
    if command.decisions is not None:
        _check_decisions(command)
        return
    least_values = {"first": 1, "flag": 0, "gallery": 0, "threads": 1, "fold_epochs": 1}
    for name, least in least_values.items():
        value = getattr(command, name)
        if value is not None and value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    check_resamples(command.bootstrap)
    _check_ranking(command)
    if command.folds and command.folds < 2:
        raise ValueError(f"folds must be 0 (off) or at least 2, got {command.folds}")
    if command.fold_epochs is not None and not command.folds:
        raise ValueError("--fold-epochs applies only with --folds")
    if command.run is not None and command.predictions is not None:
        raise ValueError(
            "give either --run or --predictions, not both: each provides a model's outputs"
        )
    run = run_folder(command)
    if command.model is not None:
        _check_model(command, run)
    elif run is not None:
        given = [field.name for field in fields(TrainingOptions) if _given(command, field.name)]
        if given:
            raise ValueError(
                f"--{given[0].replace('_', '-')} applies only when a new run is "
                f"trained, but {displayed(run)} is already trained"
            )
    elif command.data is not None:
        raise ValueError("--data belongs to a run: the data set is the first argument here")
    elif command.predictions is not None:
        _check_predictions(command, command.predictions)


def _check_ranking(command: Command) -> None:
    """Refuse a score that will not be there, before minutes of training."""
    if command.rank_by == "out_of_fold" and not command.folds and command.predictions is None:
        raise ValueError("--rank-by out_of_fold needs --folds: for example --folds 5")
    if command.rank_by.startswith(CLEANLAB) and not is_installed():
        raise ValueError(f"ranking by {command.rank_by} is not possible: {NEEDS_CLEANLAB}")


OF_DATA = ("noise", "noise_rate", "exclude", "seed")  # of the options of a run
OF_IMAGES = ("image_size", "channels")  # likewise: how large and in which colours they are compared


def _check_decisions(command: Command) -> None:
    """Refuse what an audit needs: its lists alone are written."""
    default, training = Command(""), fields(TrainingOptions)
    given = [field.name for field in training if _given(command, field.name)]
    given += [
        field.name
        for field in fields(Command)
        if field.name not in ("subject", "decisions", "training")
        and getattr(command, field.name) != getattr(default, field.name)
    ]
    if given:
        raise ValueError(
            f"--{given[0].replace('_', '-')} applies only when labels are audited, but --decisions "
            f"rewrites the lists of the audit {displayed(Path(command.subject))}"
        )


def _check_predictions(command: Command, file: Path) -> None:
    """Refuse options of a run where none is trained, neither for its outputs nor for folds."""
    for field in fields(TrainingOptions):
        name, kept = field.name, (*OF_DATA, *OF_IMAGES)
        of_folds = command.folds and name != "method"  # that of the folds is cross_entropy
        if name not in kept and not of_folds and _given(command, name):
            raise ValueError(
                f"--{name.replace('_', '-')} applies only when a new run is trained, but "
                f"--predictions {displayed(file)} has the outputs already"
            )


def _check_model(command: Command, run: Path | None) -> None:
    if run is not None or command.predictions is not None:
        other = "--predictions" if run is None else f"the run {displayed(run)}"
        raise ValueError(f"--model {command.model} and {other} are mutually exclusive: give one")
    for field in fields(TrainingOptions):
        if field.name not in OF_DATA and _given(command, field.name):
            raise ValueError(
                f"--{field.name.replace('_', '-')} applies only when a new run is "
                f"trained, but --model {command.model} is already trained"
            )


def config_of_run(command: Command, record: RunRecord) -> RunConfig:
    """The run's configuration: of its checkpoint, which names folders, else of its record."""
    try:
        _, config = read_checkpoint(record.path)
    except CheckpointError:
        config = from_json(record.config)
    data = command.data if command.run is None else command.data or command.subject
    if data is not None:
        config = replace(config, data=data)
    if command.noise_file is not None:
        config = replace(config, noise_file=str(command.noise_file))
    return config


def new_config(command: Command) -> RunConfig:
    """The configuration of the run that the options describe."""
    options = {
        field.name: getattr(command.training, field.name) for field in fields(TrainingOptions)
    }
    recipe = options.pop("recipe")
    values = {"method": "eac", "epochs": EPOCHS, **(RECIPES[recipe] if recipe else {})}
    values |= {name: value for name, value in options.items() if value is not None}
    if command.noise_file is not None:
        values["noise_file"] = str(command.noise_file)
    return from_json({**values, "data": command.subject})


def _given(command: Command, name: str) -> bool:
    return getattr(command.training, name) is not None
