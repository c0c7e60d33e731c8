"""Memory and handles of one process that trains, resumes, publishes and predicts, over and over.

    python -m benchmarks.soak --minutes 180 --plot soak.png

A round trains a tiny network for an epoch on synthetic faces, resumes the run for one more, writes
the folder that would be published, loads it and predicts a portrait. What grows from round to round
is lost memory, or a file that nobody closes.
"""

import json
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil
import tyro

from benchmarks.result import as_json
from fer_core.config import RunConfig
from fer_core.datasets.synthetic.faces import draw_portrait
from fer_core.inference.predictor import Predictor
from fer_core.publishing.folder import Publication, write_folder
from fer_core.publishing.model_info import find_subject
from fer_core.training.engine import train

RUN = RunConfig(
    data="synthetic?train=70&test=28",
    backbone="test_resnet",
    image_size=48,
    batch_size=16,
    epochs=1,
    noise="symmetric",
    noise_rate=0.3,
)


@dataclass(frozen=True)
class Command:
    """Watch a process that does the whole round again and again."""

    minutes: float = 180.0
    """How long."""
    plot: Path | None = None
    """File for a plot of memory and handles over time."""
    rows: Path | None = None
    """File for a line of JSON after each round: what is known when the process is ended early."""


@dataclass(frozen=True)
class Round:
    """What the process holds after a round.

    Attributes:
        seconds: since the start.
        memory: resident, in MB.
        files: open files and sockets.
        threads: of the process.
    """

    seconds: float
    memory: float
    files: int
    threads: int


def main() -> None:
    """Work for so long, and print the figures as JSON."""
    command = tyro.cli(Command, prog="python -m benchmarks.soak")
    rounds, start = [], time.monotonic()
    while not rounds or time.monotonic() - start < 60 * command.minutes:
        with tempfile.TemporaryDirectory() as folder:
            one_round(Path(folder))
        rounds.append(held(time.monotonic() - start))
        if command.rows is not None:
            with command.rows.open("a") as file:
                file.write(json.dumps(asdict(rounds[-1])) + "\n")
    print(as_json(summary(rounds)))
    if command.plot is not None:
        draw(rounds, command.plot)


def one_round(folder: Path) -> None:
    """Train, resume, publish, predict; what it writes goes to a folder."""
    run = folder / "run"
    train(RUN, run, device="cpu", progress=False)
    train(RUN.change(epochs=2), run, resume=True, device="cpu", progress=False)
    out = folder / "published"
    out.mkdir()
    write_folder(find_subject(run, None, ""), out, Publication("somebody/soak"))
    portrait = draw_portrait("happiness", 240, np.random.default_rng(0))
    if len(Predictor(out).predict(portrait)) != 1:
        raise RuntimeError("the published model found no face in the portrait")
    shutil.rmtree(run)


def held(seconds: float) -> Round:
    """What this process holds now."""
    process = psutil.Process()
    memory = process.memory_info().rss / 2**20
    return Round(round(seconds, 1), round(memory, 1), process.num_fds(), process.num_threads())


def summary(rounds: list[Round]) -> dict[str, object]:
    """First and last figures, and what a round adds, of the second half: caches fill before."""
    later = rounds[len(rounds) // 2 :]
    index = np.arange(len(later))
    slope = np.polyfit(index, [one.memory for one in later], 1)[0] if len(later) > 1 else 0.0
    return {
        "rounds": len(rounds),
        "memory_per_round_mb": round(float(slope), 3),
        "first": asdict(rounds[0]),
        "middle": asdict(later[0]),
        "last": asdict(rounds[-1]),
        "most_files": max(one.files for one in rounds),
        "most_threads": max(one.threads for one in rounds),
    }


def draw(rounds: list[Round], file: Path) -> None:
    """Memory and handles over time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    minutes = [one.seconds / 60 for one in rounds]
    top.plot(minutes, [one.memory for one in rounds])
    top.set(ylabel="memory in MB", ylim=(0, None))
    bottom.plot(minutes, [one.files for one in rounds], label="files and sockets")
    bottom.plot(minutes, [one.threads for one in rounds], label="threads")
    bottom.set(xlabel="minutes", ylim=(0, None))
    bottom.legend()
    figure.savefig(file)


if __name__ == "__main__":
    main()
