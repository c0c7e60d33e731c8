"""Stands in for `fer_core.cli.sweep_run`: leaves a record at once, or ends as `backbone` says."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from fer_core.records.recorder import RunRecorder
from fer_core.records.run import RUN_FILE


def main() -> None:
    config_file, folder = map(Path, sys.argv[1:3])
    config = json.loads(config_file.read_text())
    again = (folder / RUN_FILE).exists()
    match config["backbone"]:
        case "unknown":
            sys.exit("error: unknown timm backbone 'unknown'")
        case "silent":
            sys.exit(3)
        case "liar":
            return
    recorder = RunRecorder(
        folder,
        config=config,
        classes=["neutral", "happiness"],
        data={"name": "synthetic"},
        noise={"kind": config["noise"], "rate": config["noise_rate"], "realised_rate": 0.0},
        model={},
        environment={"gpu": os.environ.get("CUDA_VISIBLE_DEVICES")},
    )
    recorder.begin()
    sys.stdout.write("started\n")
    sys.stdout.flush()
    for epoch in range(config["epochs"]):
        recorder.add_epoch({"epoch": epoch + 1, "eval_accuracy": 0.5, "train_seconds": 2.0})
    match config["backbone"]:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "flaky" if not again:
            recorder.fail("ValueError: the first line\nthe second line")
            sys.exit("error: the second line")
        case "patient" if not again:
            sys.stdin.read()
            return
        case "sleepy":
            sys.stdin.read()  # until the sweep lets go
            return
        case "stubborn":
            time.sleep(60)
    recorder.finish({"accuracy_last5": 0.75}, [])


if __name__ == "__main__":
    main()
