"""The faces of a video over time, moment by moment, from files that may be hours long.

What is found is written to a file of JSON lines at once: an analysis that was stopped goes on after
its last whole line. The faces of a moment are followed and smoothed as on the demo's page
(`fer_core.video.tracking`); those that are seen for a moment only are kept.
"""

import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from PIL import Image

from fer_core.errors import FerError
from fer_core.inference.face_prediction import FacePrediction
from fer_core.landmarks.analysis import FaceAnalysis
from fer_core.taxonomy import Taxonomy
from fer_core.video.analysis_facts import analysis_facts, describe_other
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

    def predict_all(
        self, photos: Sequence[Image.Image], *, thorough: bool
    ) -> list[list[FacePrediction]]:
        """The faces of each of several upright RGB images."""
        ...


class VideoMoment(NamedTuple):
    """One frame that was analysed.

    Attributes:
        time: seconds since the first frame.
        frame: its number.
        faces: in pixels of the original video; with maps (float16, smoothed) where these were
            asked for.
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
    weights: str = "",
    analyses: bool = False,
    persons: PersonJoiner | None = None,
    state: Path | None = None,
    batch: int = 1,
    maps: bool = False,
) -> Iterator[VideoMoment]:
    """The moments of a video in the order of time, those of an earlier analysis first.

    Args:
        predictor: of the faces.
        video: the video; its rate says how many moments a second has.
        taxonomy: of the predictor's model.
        model: its name, for the file.
        weights: digest of its weights, for the file: a model may be trained again under its name.
        analyses: whether the predictor has an analyser, for the file.
        persons: joins the tracks of one person; what it knows of faces is not kept, so it goes
            with no file.
        state: file of the analysis, written line by line; None: nothing is kept.
        batch: moments that are analysed at once.
        maps: keep the attention maps: about a kilobyte for each face and moment.

    Raises:
        AnalysisError: when the file is of another video, model or rate, or of an earlier version,
            lacks the maps, or goes with ``persons``.
        VideoError: when the video cannot be read.
    """
    if persons is not None and state is not None:
        raise AnalysisError("an analysis that joins persons keeps no file to go on from")
    tracker, last = FaceTracker(), -1
    if state is not None:
        about = {"model": model, "weights": weights, "landmarks": analyses, "maps": maps}
        lines = _resumed(state, analysis_facts(video, taxonomy.names, **about))
        maps = bool(next(lines).get("maps"))  # of the file: each of its lines has them
        for line in lines:
            moment = VideoMoment(line["time"], line["frame"], (), line.get("cut", False))
            yield _tracked(tracker, moment, [_face(one, taxonomy) for one in line["faces"]])
            last = moment.frame
    with state.open("a", encoding="utf-8") if state else _Nowhere() as file:
        for frames in _batches(_due(video, last), batch):
            images = [frame.image for frame, _ in frames]
            found = predictor.predict_all(images, thorough=False)
            for (frame, cut), faces in zip(frames, found, strict=True):
                scale = video.size[0] / frame.image.width
                raw = [_light(face, scale, maps=maps) for face in faces]
                moment = VideoMoment(frame.time, frame.number, (), cut)
                file.write(json.dumps(_to_json(moment, raw)) + "\n")
                file.flush()
                moment = _tracked(tracker, moment, raw)
                if persons is not None:
                    places = [face.landmarks for face in faces]
                    numbered = _numbered(persons, frame, places, moment.faces)
                    moment = moment._replace(faces=numbered)
                yield moment


def _due(video: Video, last: int) -> Iterator[tuple[Frame, bool]]:
    """The frames after the last one that are analysed, and whether a shot begins with each."""
    cuts = CutDetector()
    for frame in video.frames():
        cut = cuts.is_cut(frame.image)
        if frame.number > last and (cut or frame.due):
            yield frame, cut


def _batches(frames: Iterator[tuple[Frame, bool]], most: int) -> Iterator[list[tuple[Frame, bool]]]:
    while part := list(islice(frames, most)):
        yield part


def _tracked(
    tracker: FaceTracker, moment: VideoMoment, raw: Sequence[FacePrediction]
) -> VideoMoment:
    """The moment with its faces numbered and smoothed, in little memory."""
    if moment.cut:
        tracker.cut()
    tracked = [
        TrackedFace(
            one.number,
            replace(one.face, maps=one.face.maps.astype(np.float16)),
            one.raw.without_maps(),
        )
        for one in tracker.update(raw, moment.time)
    ]
    return moment._replace(faces=tuple(tracked))


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


def _light(face: FacePrediction, scale: float, *, maps: bool) -> FacePrediction:
    """The face in pixels of the original, without what fills the memory of hours."""
    x0, y0, x1, y1 = (value * scale for value in face.box)
    return replace(
        face if maps else face.without_maps(),
        box=(x0, y0, x1, y1),
        landmarks=face.landmarks * scale,
        crop=BLANK,
        to_photo=face.to_photo * scale,
        mirror_check=None,
        analysis=face.analysis and face.analysis.without_points(),
    )


def _resumed(state: Path, facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The facts, then the moments of an earlier analysis; the file is begun where there is none."""
    lines = state.read_bytes().splitlines(keepends=True) if state.exists() else []
    whole = [line for line in lines if line.endswith(b"\n")]
    if not whole:
        state.write_text(json.dumps(facts) + "\n", encoding="utf-8")
        yield facts
        return
    found = json.loads(whole[0])
    other = describe_other(found, facts)
    if other:
        raise AnalysisError(f"{state} is of {other}: delete it, or name another folder")
    if facts.get("maps") and not found.get("maps"):
        raise AnalysisError(
            f"{state} was written without maps: delete it, name another folder, or ask for none"
        )
    if len(whole) < len(lines):  # killed while it wrote
        state.write_bytes(b"".join(whole))
    logger.info("%s: going on after %d moments", state, len(whole) - 1)
    yield found
    for line in whole[1:]:
        yield json.loads(line)


def _to_json(moment: VideoMoment, raw: Sequence[FacePrediction]) -> dict[str, Any]:
    faces = [
        {
            "box": [round(float(value), 1) for value in face.box],
            "landmarks": np.round(face.landmarks, 1).tolist(),
            "score": round(float(face.score), 4),
            "probabilities": [float(value) for value in face.probabilities],
            **({} if face.analysis is None else {"analysis": face.analysis.to_json()}),
            **(_map_to_json(face) if face.has_maps else {}),
        }
        for face in raw
    ]
    values: dict[str, Any] = {"time": moment.time, "frame": moment.frame, "faces": faces}
    return {**values, "cut": True} if moment.cut else values


def _map_to_json(face: FacePrediction) -> dict[str, Any]:
    content = b64encode(face.maps.astype("<f2").tobytes()).decode()
    place = np.round(face.to_photo, 3).tolist()
    return {"to_photo": place, "maps": content, "maps_shape": face.maps.shape}


def _face(values: dict[str, Any], taxonomy: Taxonomy) -> FacePrediction:
    x0, y0, x1, y1 = values["box"]
    maps = np.empty((len(taxonomy.names), 0, 0), np.float32)
    if "maps" in values:
        stored = np.frombuffer(b64decode(values["maps"]), "<f2")
        maps = stored.reshape(values["maps_shape"]).astype(np.float32)
    return FacePrediction(
        (x0, y0, x1, y1),
        np.array(values["landmarks"], np.float32),
        values["score"],
        taxonomy,
        np.array(values["probabilities"], np.float32),
        maps,
        BLANK,
        np.array(values.get("to_photo", np.zeros((2, 3)))),
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
