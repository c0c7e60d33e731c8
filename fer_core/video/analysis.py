"""The faces of a video over time, moment by moment, from files that may be hours long.

What is found is written to a file of JSON lines at once: an analysis that was stopped goes on after
its last whole line. The faces of a moment are followed and smoothed as on the demo's page
(`fer_core.video.tracking`); those that are seen for a moment only are kept.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from PIL import Image

from fer_core.errors import FerError
from fer_core.inference.face_prediction import FacePrediction
from fer_core.landmarks.analysis import FaceAnalysis
from fer_core.taxonomy import Taxonomy
from fer_core.video.identity import PersonJoiner
from fer_core.video.reader import Frame, Video
from fer_core.video.shots import CutDetector
from fer_core.video.tracking import FaceTracker, TrackedFace

logger = logging.getLogger(__name__)
BLANK = Image.new("L", (1, 1))


class AnalysisError(FerError, ValueError):
    """A file of an earlier analysis that does not belong to this one."""


class FramePredictor(Protocol):
    """What finds and classifies the faces of a frame."""

    def predict(self, photo: Image.Image, *, thorough: bool) -> list[FacePrediction]:
        """The faces of an upright RGB image."""
        ...


class VideoMoment(NamedTuple):
    """One frame that was analysed.

    Attributes:
        time: seconds since the first frame.
        frame: its number.
        faces: in pixels of the original video, without maps.
        cut: whether a shot begins with it.
    """

    time: float
    frame: int
    faces: tuple[TrackedFace, ...]
    cut: bool


def analyse_frames(
    predictor: FramePredictor,
    video: Video,
    taxonomy: Taxonomy,
    *,
    model: str = "",
    analyses: bool = False,
    persons: PersonJoiner | None = None,
    state: Path | None = None,
) -> Iterator[VideoMoment]:
    """The moments of a video in the order of time, those of an earlier analysis first.

    Args:
        predictor: of the faces.
        video: the video; its rate says how many moments a second has.
        taxonomy: of the predictor's model.
        model: what tells models apart, for the file.
        analyses: whether the predictor has an analyser, for the file.
        persons: joins the tracks of one person; what it knows of faces is not kept, so it goes
            with no file.
        state: file of the analysis, written line by line; None: nothing is kept.

    Raises:
        AnalysisError: when the file is of another video, model or rate, or with ``persons``.
        VideoError: when the video cannot be read.
    """
    if persons is not None and state is not None:
        raise AnalysisError("an analysis that joins persons keeps no file to go on from")
    tracker, cuts, last = FaceTracker(), CutDetector(), -1
    if state is not None:
        for moment in _resumed(state, _facts(video, model, analyses=analyses), taxonomy):
            if moment.cut:
                tracker.cut()
            raw = [one.raw for one in moment.faces]
            yield moment._replace(faces=tuple(tracker.update(raw, moment.time)))
            last = moment.frame
    with state.open("a", encoding="utf-8") if state else _Nowhere() as file:
        for frame in video.frames():
            cut = cuts.is_cut(frame.image)
            if frame.number <= last:
                continue
            if cut:
                tracker.cut()
            if not (cut or frame.due):
                continue
            scale = video.size[0] / frame.image.width
            found = predictor.predict(frame.image, thorough=False)
            faces = [_light(face, scale) for face in found]
            tracked = tuple(tracker.update(faces, frame.time))
            if persons is not None:
                tracked = _numbered(persons, frame, [face.landmarks for face in found], tracked)
            moment = VideoMoment(frame.time, frame.number, tracked, cut)
            file.write(json.dumps(_to_json(moment)) + "\n")
            file.flush()
            yield moment


def _numbered(
    persons: PersonJoiner,
    frame: Frame,
    landmarks: Sequence[np.ndarray],
    tracked: tuple[TrackedFace, ...],
) -> tuple[TrackedFace, ...]:
    """Tracked faces with the numbers of their persons; ``landmarks`` in pixels of the frame."""
    tracks = [one.number for one in tracked]
    numbers = persons.number(frame.image, landmarks, tracks, frame.time)
    return tuple(one._replace(number=n) for one, n in zip(tracked, numbers, strict=True))


class _Nowhere:
    """Takes lines and keeps none."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *_: object) -> None: ...

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


def _light(face: FacePrediction, scale: float) -> FacePrediction:
    """The face in pixels of the original, without what fills the memory of hours."""
    x0, y0, x1, y1 = (value * scale for value in face.box)
    return replace(
        face,
        box=(x0, y0, x1, y1),
        landmarks=face.landmarks * scale,
        maps=np.empty((len(face.classes), 0, 0), np.float32),
        crop=BLANK,
        to_photo=face.to_photo * scale,
        mirror_check=None,
        analysis=face.analysis and face.analysis.without_points(),
    )


def _facts(video: Video, model: str, *, analyses: bool) -> dict[str, Any]:
    facts = {"bytes": video.path.stat().st_size, "rate": video.rate, "model": model}
    return {**facts, "landmarks": True} if analyses else facts


def _resumed(state: Path, facts: dict[str, Any], taxonomy: Taxonomy) -> Iterator[VideoMoment]:
    """The moments of an earlier analysis; the file is begun where there is none."""
    lines = state.read_bytes().splitlines(keepends=True) if state.exists() else []
    whole = [line for line in lines if line.endswith(b"\n")]
    if not whole:
        state.write_text(json.dumps(facts) + "\n", encoding="utf-8")
        return
    if json.loads(whole[0]) != facts:
        raise AnalysisError(
            f"{state} is of another video, model, rate or --landmarks "
            f"({whole[0].decode().strip()}): delete it, or name another folder"
        )
    if len(whole) < len(lines):  # killed while it wrote
        state.write_bytes(b"".join(whole))
    logger.info("%s: going on after %d moments", state, len(whole) - 1)
    for line in whole[1:]:
        yield _from_json(json.loads(line), taxonomy)


def _to_json(moment: VideoMoment) -> dict[str, Any]:
    faces = [
        {
            "box": [round(float(value), 1) for value in one.raw.box],
            "landmarks": np.round(one.raw.landmarks, 1).tolist(),
            "score": round(float(one.raw.score), 4),
            "probabilities": [float(value) for value in one.raw.probabilities],
            **({} if one.raw.analysis is None else {"analysis": one.raw.analysis.to_json()}),
        }
        for one in moment.faces
    ]
    values: dict[str, Any] = {"time": moment.time, "frame": moment.frame, "faces": faces}
    return {**values, "cut": True} if moment.cut else values


def _from_json(values: dict[str, Any], taxonomy: Taxonomy) -> VideoMoment:
    faces = [_face(one, taxonomy) for one in values["faces"]]
    tracked = tuple(TrackedFace(0, face, face) for face in faces)  # numbered when it is replayed
    return VideoMoment(values["time"], values["frame"], tracked, values.get("cut", False))


def _face(values: dict[str, Any], taxonomy: Taxonomy) -> FacePrediction:
    x0, y0, x1, y1 = values["box"]
    return FacePrediction(
        (x0, y0, x1, y1),
        np.array(values["landmarks"], np.float32),
        values["score"],
        taxonomy,
        np.array(values["probabilities"], np.float32),
        np.empty((len(taxonomy.names), 0, 0), np.float32),
        BLANK,
        np.zeros((2, 3)),
        analysis=FaceAnalysis.from_json(values["analysis"]) if "analysis" in values else None,
    )


def summarise(moments: Sequence[VideoMoment]) -> list[dict[str, Any]]:
    """For each face from when to when it is seen, and the share of its moments by class."""
    seen: dict[int, list[tuple[float, str]]] = {}
    for moment in moments:
        for one in moment.faces:
            seen.setdefault(one.number, []).append((moment.time, one.face.emotion))
    return [
        {
            "face": number,
            "from_s": round(times[0][0], 3),
            "to_s": round(times[-1][0], 3),
            "moments": len(times),
            "share_of_time": {
                name: round(sum(emotion == name for _, emotion in times) / len(times), 4)
                for name in dict.fromkeys(emotion for _, emotion in times)
            },
        }
        for number, times in sorted(seen.items())
    ]
