"""Throughput of a sweep as it is packed by default, against one run with all cores after the other.

    python -m benchmarks.sweep --json benchmarks/results/sweep.json

The same plan of small EAC runs is carried out both ways, in turns, each time in a new folder. The
clock includes what a run is: its process, its data, its epochs, evaluation, checkpoint and record.
The images are decoded before the first round.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro

from benchmarks.paired import paired_ratio
from benchmarks.result import ratio_entry, write_result
from fer_core.machine import cores

PACKED, ONE_BY_ONE = "packed by default", "one after the other"


@dataclass(frozen=True)
class Options:
    """What is measured."""

    runs: int = 8
    """Runs of the sweep: one setting with as many seeds."""
    rounds: int = 3
    """Sweeps of each kind."""
    backbone: str = "mobilenetv2_100"
    """timm model name."""
    image_size: int = 48
    """Side length of the images in pixels."""
    batch_size: int = 64
    """Images per step."""
    steps: int = 10
    """Steps of an epoch."""
    epochs: int = 2
    """Epochs of a run."""
    json: Path | None = None
    """Also write the result to this file."""

    def plan(self) -> str:
        """The plan file of the sweep, as TOML."""
        images = self.steps * self.batch_size
        return "\n".join(
            (
                "[common]",
                f'data = "synthetic?train={images}&test=70"',
                f'backbone = "{self.backbone}"',
                f"image_size = {self.image_size}",
                f"batch_size = {self.batch_size}",
                f"epochs = {self.epochs}",
                'method = "eac"',
                'noise = "symmetric"',
                "noise_rate = 0.2",
                'pretrained = "none"',
                'precision = "no"',
                "[grid]",
                f"seed = {list(range(self.runs))}",
            )
        )


def carry_out(plan: Path, out: Path, *options: str) -> float:
    """Seconds of one sweep.

    Raises:
        RuntimeError: when one of its runs has not finished.
    """
    command = (sys.executable, "-m", "fer_core", "sweep", plan, "--out", out, "--device", "cpu")
    began = time.perf_counter()
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    for file in out.glob("*/run.json"):
        if json.loads(file.read_text(encoding="utf-8"))["status"] != "finished":
            raise RuntimeError(f"the run in {file.parent.name} has not finished")
    return seconds


def main() -> None:
    """Measure both kinds of sweep in turns and print JSON."""
    options = tyro.cli(Options, prog="python -m benchmarks.sweep")
    kinds = {PACKED: (), ONE_BY_ONE: ("--jobs", "1", "--threads", str(cores()))}
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        plan = folder / "sweep.toml"
        plan.write_text(options.plan(), encoding="utf-8")
        cache = ("--cache", str(folder / "cache"))
        carry_out(plan, folder / "warm-up", *cache)
        for number in range(options.rounds):
            for name in list(kinds)[:: -1 if number % 2 else 1]:
                out = folder / f"{name} {number}"
                seconds[name].append(carry_out(plan, out, *kinds[name], *cache))
                print(f"{name}: {seconds[name][-1]:.1f} s", file=sys.stderr)
    what = f"sweep of {options.runs} runs, {options.backbone} at {options.image_size} px, {PACKED}"
    row = ratio_entry(
        what,
        f"{ONE_BY_ONE}, {cores()} threads",
        paired_ratio(seconds[ONE_BY_ONE], seconds[PACKED]),
        precision="fp32",
        threads=cores(),
    )
    about = {name: value for name, value in asdict(options).items() if name != "json"}
    write_result({"options": about, "seconds": seconds, "ratios": [row]}, options.json)


if __name__ == "__main__":
    main()
