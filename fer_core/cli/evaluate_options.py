"""The options of ``fer-core evaluate``, and what they refuse of each other."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from fer_core.cli.evaluate_photos import check_subject
from fer_core.cli.targets import check_target
from fer_core.datasets.loading import SplitKind
from fer_core.evaluation.maps import IMAGES as MAP_IMAGES
from fer_core.evaluation.maps import LEAST_IMAGES
from fer_core.evaluation.robustness import IMAGES, RobustnessPlan
from fer_core.inference.backends import BackendName
from fer_core.machine import Device
from fer_core.metrics.intervals import check_resamples
from fer_core.transforms.corruption import CORRUPTIONS


@dataclass(frozen=True)
class Command:
    """Evaluate a model on a labelled data set, alone or against another one."""

    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")]
    """Folder of a run or of a model, 'bundled' for the model that ships with the project,
    USER/NAME[@REVISION] of one on the Hugging Face Hub, or another project's image classifier of
    transformers or timm: its folder, or hf:USER/NAME[@REVISION] of the Hub."""
    data: str = ""
    """Data set as for fer-core train --data; also folder:PATH of class folders without splits."""
    photos: str = ""
    """Instead of --data: folder of class folders of whole photographs, each of one face, which is
    found, aligned and classified; a missed face is an error."""
    split: SplitKind = "eval"
    """Which split; eval is the one that runs report on (its former name, test, still works)."""
    exclude: Path | None = None
    """List of files of the data set to exclude."""
    tta_flip: bool = True
    """Flip TTA: average over each face and its flipped copy, as the predictor does."""
    labels: str | None = None
    """Emotions that the labels of another project's model stand for, if their names do not say:
    LABEL_0=anger,LABEL_1=disgust or a JSON file."""
    shared_classes: bool = False
    """Let the model choose only from the classes that the data set has."""
    against: str | None = None
    """A second model, for a paired test on the same images."""
    against_labels: str | None = None
    """Like --labels, for the second model."""
    against_tta_flip: bool | None = None
    """Flip TTA of the second model; by default, the same as for the first."""
    calibrate_on: str | None = None
    """Data set to fit the temperature on; by default it is fitted on either half of the images for
    the other half."""
    calibrate_split: SplitKind = "eval"
    """Which split of the data set to calibrate on."""
    duplicates: bool = True
    """On the eval split, also give the accuracy without images that are also in the train split;
    every training image is read once for this."""
    robustness: bool = False
    """Also corrupt images (noise, blur, JPEG, light, occlusion, ...) at five strengths each."""
    robustness_images: int = IMAGES
    """How many images --robustness draws from the split at random, by --seed; 0: all."""
    robustness_kinds: tuple[str, ...] = ()
    """Which corruptions; by default all. An unknown one lists them."""
    maps: bool = False
    """Also measure how faithful the attention maps are: locality, effect of hiding regions, ..."""
    maps_images: int = MAP_IMAGES
    """How many images --maps takes, spread evenly over the split."""
    bootstrap: int = 2000
    """Resamples for the intervals of the accuracies."""
    seed: int = 0
    """Seed of the bootstrap, of the images that --robustness draws and of their noise."""
    json: Path | None = None
    """Write all figures to this file; '-' prints them and nothing else."""
    predictions: Path | None = None
    """Write the prediction and all probabilities of each image to this CSV file."""
    device: Device = "auto"
    """cpu, cuda, or auto: the GPU where there is one."""
    backend: BackendName = "auto"
    """What computes the predictions: torch, onnx (ONNX Runtime, on the CPU), or auto: onnx on the
    CPU where it is installed and the images are many. Logits differ by rounding."""
    storage: Literal["auto", "cache", "stream"] = "auto"
    """Where decoded images are kept, without any effect on the result."""
    cache: Path | None = None
    """Folder of the cache of decoded images, as for fer-core train."""


def check(command: Command) -> None:
    """Refuse what cannot work before minutes of reading.

    Raises:
        ValueError: naming the option, its value and what is allowed.
    """
    defaults = {field.name: field.default for field in fields(command)}
    check_subject(vars(command), defaults)
    check_resamples(command.bootstrap)
    if command.seed < 0:
        raise ValueError(f"seed must be at least 0, got {command.seed}")
    if command.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device cuda: torch finds no GPU here, use cpu or auto")
    if command.against is None and command.against_tta_flip is not None:
        raise ValueError("--against-tta-flip needs --against MODEL")
    if command.against is None and command.against_labels is not None:
        raise ValueError("--against-labels needs --against MODEL")
    if command.calibrate_on is None and command.calibrate_split != "eval":
        raise ValueError("--calibrate-split needs --calibrate-on DATA")
    chosen = command.robustness_kinds or command.robustness_images != IMAGES
    if chosen and not command.robustness:
        raise ValueError("robustness-images and robustness-kinds are options of --robustness")
    if command.maps_images != MAP_IMAGES and not command.maps:
        raise ValueError("maps-images is an option of --maps")
    if command.maps_images < LEAST_IMAGES:
        raise ValueError(f"maps-images must be at least {LEAST_IMAGES}, got {command.maps_images}")
    robustness_plan(command)
    read = (command.data, command.exclude, command.calibrate_on)
    read += (command.labels, command.against_labels)
    check_target(command.predictions, *read)
    if command.json != Path("-"):
        check_target(command.json, *read)
        if command.json is not None and command.json == command.predictions:
            raise ValueError(f"json and predictions are both {command.json}: name two files")


def robustness_plan(command: Command) -> RobustnessPlan | None:
    """What is corrupted, if anything."""
    if not command.robustness:
        return None
    kinds = tuple(dict.fromkeys(command.robustness_kinds)) or tuple(CORRUPTIONS)
    return RobustnessPlan(command.robustness_images, kinds, command.seed, command.bootstrap)
