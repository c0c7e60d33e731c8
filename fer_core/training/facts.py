"""The facts of a run for its record: data, noise, model, environment."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from torch.utils.flop_counter import FlopCounterMode

import fer_core
from fer_core.config import input_spec as inputs
from fer_core.config import to_json, without_folders
from fer_core.datasets import Split, content_hash
from fer_core.noise.generate import noise_facts
from fer_core.records.provenance import source_commit, weights_digest, weights_origin
from fer_core.records.recorder import RunRecorder
from fer_core.training.setup import Experiment


def create_recorder(
    experiment: Experiment,
    folder: Path,
    device: torch.device,
    processes: int,
    precision_reason: str,
) -> RunRecorder:
    """A recorder with the facts of the run; nothing is written yet."""
    model, spec, config = experiment.model, experiment.input, experiment.config
    image = torch.zeros(1, spec.channels, spec.size, spec.size)
    origin = weights_origin(experiment.weights)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shape = model.eval()(image).maps.shape
    return RunRecorder(
        folder,
        config=to_json(without_folders(config)),
        classes=experiment.data.classes,
        data=_data_facts(experiment),
        noise={
            **noise_facts(
                config.noise,
                config.noise_rate or 0.0,
                experiment.whole_noise,
                experiment.whole.train.true_labels,
                len(experiment.data.classes),
            ),
            "targets": config.targets,
        },
        model={
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "macs": counter.get_total_flops() // 2,  # it counts multiplying and adding apart
            "map_size": list(shape[2:]),
            "pretrained_sha256": weights_digest(experiment.weights),
            "pretrained_origin": origin and origin.to_json(),
            "pretrained_match": model.match and model.match.to_json(),
            "input": inputs.to_json(spec),
        },
        environment={
            **_environment(device, processes),
            "precision": config.precision,
            "precision_reason": precision_reason,
        },
    )


def _data_facts(experiment: Experiment) -> Mapping[str, Any]:
    data, holdout = experiment.data, experiment.holdout

    def counts(split: Split) -> dict[str, int]:
        totals = np.bincount(split.true_labels, minlength=len(data.classes))
        return {name: int(total) for name, total in zip(data.classes, totals, strict=True)}

    return {
        "name": data.name,
        "train_split": data.train.name,
        "eval_split": data.eval.name,
        "train_images": len(data.train.true_labels),
        "eval_images": len(data.eval.true_labels),
        "train_counts": counts(data.train),
        "eval_counts": counts(data.eval),
        "holdout_images": 0 if holdout is None else len(holdout.noisy_labels),
        "dropped_duplicates": data.dropped_duplicates,
        "sha256": content_hash(experiment.whole),
    }


def _environment(device: torch.device, processes: int) -> Mapping[str, Any]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "timm": timm.__version__,
        "fer_core": fer_core.__version__,
        "commit": source_commit(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "processes": processes,
    }
