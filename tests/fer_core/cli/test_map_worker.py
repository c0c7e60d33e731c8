"""The process that keeps models and faces in memory."""

import io
import json

import numpy as np
import pytest

from fer_core.cli import map_worker


@pytest.fixture(autouse=True)
def _nothing_kept():
    for kept in (map_worker._found, map_worker._predictor):
        kept.cache_clear()


def answers_to(*questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    answers = io.StringIO()
    map_worker.serve(io.StringIO(lines), answers)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


@pytest.mark.slow
def test_every_question_is_answered_and_models_and_faces_are_kept(tiny_run, tmp_path, portrait):
    (tmp_path / "faces").mkdir()
    portrait.save(tmp_path / "faces" / "one.png")
    model, faces = str(tiny_run.path / "model"), str(tmp_path / "faces")
    one, two = (str(tmp_path / name) for name in ("one.npz", "two.npz"))
    words = ["--model", model, "--faces", faces, "--out"]
    gone = ["--model", str(tmp_path / "gone"), "--faces", faces, "--out", two]
    first, second = answers_to([[*words, one], gone], [[*words, two]])
    assert first[0] == ""
    assert first[1]
    assert second == [""]
    with np.load(one) as found, np.load(two) as again:
        assert found["names"].tolist() == ["one.png"]
        assert np.array_equal(found["maps"], again["maps"])
    assert map_worker._predictor.cache_info().hits == 1
    assert map_worker._found.cache_info().misses == 1
    portrait.transpose(0).save(tmp_path / "faces" / "one.png")
    assert answers_to([[*words, two]]) == [[""]]
    assert map_worker._found.cache_info().misses == 2  # the image has changed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seed", "-1", "--out", "maps.npz"], "seed must be 0 or more, got -1"),
        (["--out", "maps.png"], "out must be named"),
        (["--unknown", "--out", "maps.npz"], "does not understand --unknown"),
    ],
)
def test_a_wrong_option_is_a_sentence_and_ends_nothing(words, sentence):
    (errors,) = answers_to([words, words])
    assert len(errors) == 2
    assert all(sentence in error for error in errors)


def test_a_model_that_breaks_is_a_sentence_and_ends_nothing(monkeypatch, tmp_path):
    def broken(_):
        raise RuntimeError("no such layer")

    monkeypatch.setattr(map_worker, "Predictor", broken)
    words = ["--model", str(tmp_path), "--out", str(tmp_path / "maps.npz")]
    assert map_worker.run(words) == "RuntimeError: no such layer"


class Waiting:
    """A timer that is up at the next question, unless that cancels it."""

    def __init__(self, seconds, act, arguments=()):
        self.act = lambda: act(*arguments)

    def start(self):
        started.append(self)

    def cancel(self):
        if self in started:
            started.remove(self)


started: list[Waiting] = []


def test_the_faces_of_the_next_seed_are_made_while_nothing_is_asked(monkeypatch, tmp_path):
    made = []
    started.clear()
    monkeypatch.setattr(map_worker, "Timer", Waiting)
    monkeypatch.setattr(Waiting, "cancel", lambda one: one in started and one.act())
    monkeypatch.setattr(map_worker, "run", lambda words: "")
    monkeypatch.setattr(map_worker, "_found", lambda *call: made.append(call))
    synthetic = ["--faces", "synthetic", "--seed", "4", "--out", "maps.npz"]
    answers_to([synthetic, synthetic], [["--faces", str(tmp_path), "--out", "maps.npz"]])
    assert made == [("synthetic", 5, False, ())]


def test_a_question_comes_before_the_faces_of_the_next_seed(monkeypatch):
    started.clear()
    monkeypatch.setattr(map_worker, "Timer", Waiting)
    monkeypatch.setattr(map_worker, "run", lambda words: "")
    answers_to([["--faces", "synthetic", "--out", "maps.npz"]])
    assert not started
