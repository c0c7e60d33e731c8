import pytest

from fer_core.records.run import read_run
from fer_core.training.callbacks import Callback
from fer_core.training.checkpoint import read_checkpoint
from fer_core.training.engine import train


class Remember(Callback):
    """Remembers what it is told, with the state of the record then."""

    def __init__(self, stop_after=None):
        self.told, self.stop_after = [], stop_after

    def on_train_start(self, config, folder):
        self.told.append(("start", config["backbone"], read_run(folder).status))

    def on_epoch_end(self, values, folder):
        assert values == read_run(folder).epochs[-1]
        assert read_checkpoint(folder)[0].epoch == values["epoch"]
        self.told.append(("epoch", values["epoch"]))
        if values["epoch"] == self.stop_after:
            raise KeyError("pruned")

    def on_train_end(self, result, folder):
        self.told.append(("end", result, read_run(folder).status))


def run(config, folder, **options):
    return train(config, folder, device="cpu", progress=False, **options)


@pytest.mark.slow
def test_an_error_of_a_callback_ends_the_run_which_can_go_on(tiny_config, tmp_path):
    first, second = Remember(stop_after=1), Remember()
    with pytest.raises(KeyError, match="pruned"):
        run(tiny_config, tmp_path, callbacks=[first])
    failed = read_run(tmp_path)
    assert (failed.status, len(failed.epochs)) == ("failed", 1)
    assert "pruned" in (failed.error or "")
    assert first.told == [("start", tiny_config.backbone, "running"), ("epoch", 1)]
    record = run(tiny_config, tmp_path, resume=True, callbacks=[second, Callback()])
    assert second.told == [
        ("start", tiny_config.backbone, "running"),
        *(("epoch", epoch) for epoch in range(2, tiny_config.epochs + 1)),
        ("end", record.result, "finished"),
    ]
