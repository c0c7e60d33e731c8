"""What a run leaves behind: record, checkpoints and the trained model, written by one process."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from fer_core.config import to_json, without_folders
from fer_core.datasets import GIVEN
from fer_core.evaluation.inference import Scores
from fer_core.evaluation.run_figures import final_result, recorded_predictions
from fer_core.io.files import remove_leftovers
from fer_core.models.attention_model import AttentionModel
from fer_core.models.pretrained import CONFIG_FILE, WEIGHTS_FILE, save_model
from fer_core.noise.label_files import write_noise_list
from fer_core.records.lock import lock_run
from fer_core.records.predictions import COMPRESSED_FILE, PREDICTIONS_FILE
from fer_core.records.run import EPOCHS_FILE, RUN_FILE, RunRecord, read_run
from fer_core.records.schema import NOISY_LABELS_FILE
from fer_core.training.callbacks import Callback
from fer_core.training.checkpoint import CHECKPOINT_FILE, PREVIOUS_FILE
from fer_core.training.checkpoint_writer import CheckpointWriter
from fer_core.training.chosen import load_chosen, save_chosen
from fer_core.training.facts import create_recorder
from fer_core.training.interruption import how_to_go_on
from fer_core.training.setup import Experiment
from fer_core.training.state import TrainingState
from fer_core.training.tracker_start import Watch

logger = logging.getLogger(__name__)
MODEL_FOLDER = "model"
# What a run writes besides its record under names that other files have, too.
OWN_FILES = (
    EPOCHS_FILE,
    PREDICTIONS_FILE,
    COMPRESSED_FILE,
    NOISY_LABELS_FILE,
    *(f"{MODEL_FOLDER}/{name}" for name in (CONFIG_FILE, WEIGHTS_FILE)),
    *(file.as_posix() for file in (CHECKPOINT_FILE, PREVIOUS_FILE)),
)


def refuse_folder(folder: Path, resume: bool) -> None:
    """Refuse a folder that holds a run already, unless that is resumed, or files of someone's own.

    Raises:
        FileExistsError: with what to do.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: name a folder for the record")
    if not resume and (folder / RUN_FILE).exists():
        raise FileExistsError(
            f"{folder} already holds a run: resume it, delete it, or name another folder"
        )
    for name in () if resume else OWN_FILES:
        file = folder / name
        if file.exists() and file.stat().st_size:  # a run begins with an empty list of epochs
            raise FileExistsError(
                f"{folder} holds no run, but {name}, which a run would replace: name another folder"
            )


class Recording:
    """Writes what a run leaves behind, and tells trackers and callbacks.

    Every process has one and calls it alike; only that of the first process writes.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: Path,
        accelerator: Accelerator,
        watch: Watch,
        precision_reason: str,
    ) -> None:
        """Collect the facts of the run; nothing is written yet.

        Args:
            experiment: the run, its network still on the CPU.
            folder: of the record.
            accelerator: of the run.
            watch: who is told about it.
            precision_reason: why the run has its precision.
        """
        self.experiment, self.folder, self.accelerator = experiment, folder, accelerator
        self.first = accelerator.is_main_process
        self._config = to_json(without_folders(experiment.config))
        self._watch = watch
        self._watchers: list[Callback] = []
        self._checkpoints = CheckpointWriter(folder, experiment.config)
        self._finished = False
        self._recorder = create_recorder(
            experiment,
            folder,
            accelerator.device,
            accelerator.num_processes,
            precision_reason,
        )

    def open(
        self, completed: int, facts: Mapping[str, Any], *, resume: bool, locks: ExitStack
    ) -> bool:
        """Lock the folder, start the trackers and open the record.

        Args:
            completed: epochs that the record keeps.
            facts: that the method adds to the record's ``model``.
            resume: whether the folder may hold a run.
            locks: closes the lock and the trackers.

        Returns:
            False for a run that is finished already, of which nothing is touched.

        Raises:
            FileExistsError, RunLockedError, RecordError, TrackerError: as `train` says.
        """
        self.accelerator.wait_for_everyone()  # none may find what another has begun to write
        if resume and self._recorder.is_finished(completed):
            return False
        if not self.first:
            return True
        locks.enter_context(lock_run(self.folder))
        refuse_folder(self.folder, resume)  # another process may have begun and ended meanwhile
        self._watchers = self._watch.start(
            self.accelerator, self.folder, self._config, resume, locks
        )
        self._recorder.add_to_model(facts)
        self._recorder.begin(completed)
        self._checkpoints.completed = completed
        locks.callback(self._checkpoints.close)  # before another process may go on from them
        checkpoints = (self.folder / CHECKPOINT_FILE).parent
        for place in (self.folder, checkpoints, self.folder / MODEL_FOLDER):  # not of runs below
            remove_leftovers(place)
        return True

    @contextmanager
    def record_failure(self) -> Iterator[None]:
        """Record an error of the block, or Ctrl-C, as what stopped the run, and pass it on."""
        try:
            yield
        except Exception as error:
            self._await_checkpoint()
            self._fail(f"{type(error).__name__}: {error}")
            raise
        except KeyboardInterrupt as error:
            self._await_checkpoint()
            completed = self._checkpoints.completed
            given = self.experiment.config.data.startswith(f"{GIVEN}:")
            told = how_to_go_on(error, self.folder, completed, given=given)
            self._fail(told)
            if self.first:
                logger.warning("the run is %s", told)
            raise

    def _await_checkpoint(self) -> None:
        """Let the last epoch keep its checkpoint, though the run has ended."""
        try:
            self._checkpoints.wait()
        except OSError as unwritten:
            logger.warning("the last checkpoint could not be written: %s", unwritten)

    def _fail(self, told: str) -> None:
        if not self.first or self._finished:
            return
        try:
            self._recorder.fail(told)
        except OSError as unwritten:  # the disk is full: it is that which stopped the run
            logger.warning("the record cannot say what stopped the run: %s", unwritten)

    def start(self) -> None:
        """Write the noisy labels, and tell that the training starts."""
        whole = self.experiment.whole
        if self.first and self.experiment.config.noise != "none":
            write_noise_list(
                self.folder / NOISY_LABELS_FILE,
                whole.train.names,
                self.experiment.whole_noise.noisy_labels,
                whole.classes,
            )
        for watcher in self._watchers:
            watcher.on_train_start(self._config, self.folder)

    def add_epoch(
        self, completed: int, figures: Mapping[str, Any], state: TrainingState, *, chosen: bool
    ) -> None:
        """Write the line of an epoch, and its checkpoint while the next epoch is trained.

        Args:
            completed: epochs, this one included.
            figures: of the epoch (docs/run-records.md).
            state: after the epoch.
            chosen: whether it is the chosen epoch now.
        """
        if not self.first:
            return
        values = {"epoch": completed, **figures}
        if chosen:
            # The choice before the last one goes: no checkpoint on the disk may still need it.
            self._checkpoints.wait()
            save_chosen(self.folder, state.evaluated, completed)
        self._recorder.add_epoch(values)
        self._checkpoints.save(state.checkpoint(completed))
        logger.info(
            "epoch %d of %d: training loss %.4f, evaluation accuracy %.4f, %.1f s",
            *(completed, self.experiment.config.epochs),
            *(values["train_loss"], values["eval_accuracy"]),
            values["train_seconds"] + values["eval_seconds"],
        )
        if self._watch.callbacks:
            self._checkpoints.wait()
        for watcher in self._watchers:
            watcher.on_epoch_end(values, self.folder)

    def finish(self, scores: Scores, state: TrainingState) -> None:
        """Write the trained model, the final figures and the predictions.

        Args:
            scores: on the evaluation split after the last epoch.
            state: after the last epoch; its network gets the weights of the chosen epoch.
        """
        if not self.first:
            return
        data, selection = self.experiment.data, state.selection
        last = scores.tta if self.experiment.config.tta_flip else scores.single
        result = final_result(read_run(self.folder).epochs, last, data.eval)
        result |= selection.result(data.eval.true_labels, len(data.classes))
        self._checkpoints.wait()
        if selection.epoch:
            load_chosen(self.folder, state.evaluated, selection.epoch)
        self._save_model(state.evaluated, result)
        rows = recorded_predictions(
            data.eval,
            last,
            hits_last5=selection.hits_of_recent(data.eval.true_labels),
            chosen=selection.chosen,
        )
        self._recorder.finish(result, rows)
        self._finished = True

    def close(self) -> RunRecord:
        """Read the finished record, and tell that the training has ended."""
        self.accelerator.wait_for_everyone()
        record = read_run(self.folder)
        for watcher in self._watchers:
            watcher.on_train_end(record.result, self.folder)
        return record

    def _save_model(self, model: AttentionModel, result: Mapping[str, Any]) -> None:
        config, data = self.experiment.config, self.experiment.data
        suffix = "_tta" if config.tta_flip else ""
        kept = f"chosen_{{}}{suffix}" if result["chosen_epoch"] else "final_{}"
        save_model(
            self.folder / MODEL_FOLDER,
            model,
            backbone=config.backbone,
            stride=config.stride,
            stem=config.stem,
            receptive_field=config.receptive_field,
            classes=data.classes,
            spec=self.experiment.input,
            facts={
                "data": data.name,
                "train_split": data.train.name,
                "eval_split": data.eval.name,
                "method": config.method,
                "noise": config.noise,
                "noise_rate": config.noise_rate,
                "accuracy": result[kept.format("accuracy")],
                "mean_class_accuracy": result[kept.format("mean_class_accuracy")],
                "epochs": result["chosen_epoch"] or config.epochs,
                "seed": config.seed,
            },
        )
