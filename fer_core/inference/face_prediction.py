"""What a predictor says of faces: one prediction a face, and the figures of many at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from fer_core.explain.cam import overlay
from fer_core.explain.consistency import MirrorCheck
from fer_core.faces.face import Face
from fer_core.landmarks.analysis import FaceAnalyser, FaceAnalysis
from fer_core.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False, repr=False)
class FacePrediction:
    """What the model says of one face.

    Attributes:
        box: (x0, y0, x1, y1) in pixels of the photograph.
        landmarks: (3, 2) pixels: eye on the image's left, eye on its right, mouth centre.
        score: the detector's confidence that this is a face.
        taxonomy: the model's classes in the order of the probabilities, with their colours.
        probabilities: (K,) softmax, sums to 1.
        maps: (K, h, w) raw class attention maps; mean plus bias is the logit. (K, 0, 0) from a
            model of another project, which has none.
        crop: the aligned face as the model saw it.
        to_photo: (2, 3) matrix from crop coordinates in [0, 1] to photograph pixels.
        mirror_check: the predictions on the face and on its flipped image apart; None where the
            predictor does not look at flipped images.
        analysis: what the face does beside its emotion, and where the head is turned; None where
            the predictor has no analyser, or the analyser sees no face there.
    """

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float
    taxonomy: Taxonomy
    probabilities: np.ndarray
    maps: np.ndarray
    crop: Image.Image
    to_photo: np.ndarray
    mirror_check: MirrorCheck | None = None
    analysis: FaceAnalysis | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""
        return self.taxonomy.names

    @property
    def emotion(self) -> str:
        """The most probable class, whether the model's classes are emotions or others."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """Probability of the most probable class."""
        return float(self.probabilities.max())

    @property
    def has_maps(self) -> bool:
        """Whether the model explains its logits with maps; those of other projects do not."""
        return self.maps.size > 0

    @property
    def consistency(self) -> float | None:
        """Attention-consistency score of the predicted class, in [0, 1]; see `MirrorCheck`."""
        if self.mirror_check is None:
            return None
        return self.mirror_check.consistency(int(self.probabilities.argmax()))

    def without_maps(self) -> "FacePrediction":
        """The same prediction without its attention maps, which are most of its memory."""
        return replace(self, maps=np.empty((len(self.classes), 0, 0), np.float32))

    def __repr__(self) -> str:
        box = ", ".join(f"{value:.0f}" for value in self.box)
        return f"FacePrediction({self.emotion} {100 * self.confidence:.0f} %, box ({box}))"

    def to_dict(self, *, maps: bool = False) -> dict[str, Any]:
        """The prediction as plain values that JSON can hold.

        Args:
            maps: also the raw attention maps, class -> h rows of w numbers.
        """
        values: dict[str, Any] = {
            "box": [float(value) for value in self.box],
            "landmarks": self.landmarks.tolist(),
            "score": float(self.score),
            "emotion": self.emotion,
            "confidence": self.confidence,
            "probabilities": {
                name: float(p) for name, p in zip(self.classes, self.probabilities, strict=True)
            },
            "consistency": self.consistency,
        }
        if self.analysis is not None:
            values |= self.analysis.to_dict()
        if maps:
            values["maps"] = dict(zip(self.classes, self.maps.tolist(), strict=True))
        return values

    def scaled(self, factor: float) -> "FacePrediction":
        """The same prediction in a photograph that is so many times as wide and high."""
        face = Face(self.box, self.landmarks, self.score).scaled(factor)
        to_photo = (self.to_photo * factor).astype(self.to_photo.dtype)
        analysis = self.analysis.scaled(factor) if self.analysis is not None else None
        return replace(
            self, box=face.box, landmarks=face.landmarks, to_photo=to_photo, analysis=analysis
        )

    def map_of(self, emotion: str) -> np.ndarray:
        """The (h, w) raw attention map of one class.

        Raises:
            ValueError: for a class the model does not have, or a model without maps.
        """
        if not self.has_maps:
            raise ValueError("a model of another project has no attention maps")
        if emotion not in self.classes:
            known = ", ".join(self.classes)
            raise ValueError(f"unknown class {emotion!r}: the model knows {known}")
        return self.maps[self.classes.index(emotion)]

    def overlay_on(
        self, photo: Image.Image, emotion: str | None = None, opacity: float = 0.55
    ) -> Image.Image:
        """The photograph with the heat map of one class (by default the predicted one)."""
        return overlay(photo, self.map_of(emotion or self.emotion), self.to_photo, opacity)


def analysed(
    analyser: FaceAnalyser, photo: Image.Image, faces: Sequence[FacePrediction]
) -> list[FacePrediction]:
    """The same predictions, each with what the analyser says of its face.

    Args:
        analyser: called once.
        photo: that the predictions are of, upright.
        faces: in pixels of it.

    Raises:
        ValueError: when the analyser gives something else than one analysis a face.
    """
    if not faces:
        return []
    found = list(analyser(photo, [Face(one.box, one.landmarks, one.score) for one in faces]))
    wrong = [one for one in found if not (one is None or isinstance(one, FaceAnalysis))]
    if wrong or len(found) != len(faces):
        raise ValueError(
            f"an analyser must give a fer_core.landmarks.FaceAnalysis or None for each of the "
            f"{len(faces)} faces, in their order, got {found!r}"
        )
    return [replace(face, analysis=one) for face, one in zip(faces, found, strict=True)]


class Classification(NamedTuple):
    """The model's outputs on N aligned faces.

    Attributes:
        probabilities: (N, K) softmax of the mean logits of all views.
        maps: (N, K, h, w) raw attention maps, the mean of all views.
        view_probabilities: (N, V, K) of each view: the face and, where the predictor looks at it,
            its flipped image.
        view_maps: (N, V, K, h, w) of each view, flipped back.
    """

    probabilities: np.ndarray
    maps: np.ndarray
    view_probabilities: np.ndarray
    view_maps: np.ndarray

    def mirror_check(self, index: int) -> MirrorCheck | None:
        """The two views of one face side by side; None with a single view."""
        if self.view_probabilities.shape[1] < 2:
            return None
        return MirrorCheck(self.view_probabilities[index], self.view_maps[index])
