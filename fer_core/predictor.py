"""The one object the apps use: a photograph in, every face with its emotion and maps out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fer_core.cam import overlay
from fer_core.faces import Face, align, detect_faces
from fer_core.hub import EMBEDDED, TrainedModel, load_model
from fer_core.pictures import READ_ERRORS, open_upright, upright
from fer_core.transforms import normalise

FACES_A_PASS = 64


@dataclass(frozen=True, eq=False)
class FacePrediction:
    """What the model says of one face.

    Attributes:
        box: (x0, y0, x1, y1) in pixels of the photograph.
        landmarks: (3, 2) pixels: eye on the picture's left, eye on its right, mouth centre.
        score: the detector's confidence that this is a face.
        classes: class names in the order of the probabilities.
        probabilities: (K,) softmax, sums to 1.
        maps: (K, h, w) raw class attention maps; mean plus bias is the logit.
        crop: the aligned face as the model saw it.
        to_photo: (2, 3) matrix from crop coordinates in [0, 1] to photograph pixels.
    """

    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float
    classes: tuple[str, ...]
    probabilities: np.ndarray
    maps: np.ndarray
    crop: Image.Image
    to_photo: np.ndarray

    @property
    def emotion(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """Probability of the most probable class."""
        return float(self.probabilities.max())

    def map_of(self, emotion: str) -> np.ndarray:
        """The (h, w) raw attention map of one class.

        Raises:
            ValueError: for a class the model does not have.
        """
        if emotion not in self.classes:
            raise ValueError(f"unknown emotion {emotion!r}: the model knows {self.classes}")
        return self.maps[self.classes.index(emotion)]

    def overlay_on(
        self, photo: Image.Image, emotion: str | None = None, opacity: float = 0.55
    ) -> Image.Image:
        """The photograph with the heat map of one class (by default the predicted one)."""
        return overlay(photo, self.map_of(emotion or self.emotion), self.to_photo, opacity)


class Predictor:
    """Finds, aligns and classifies all faces of a photograph.

    Example:
        >>> faces = Predictor().predict("photo.jpg")
        >>> [(face.emotion, round(face.confidence, 2)) for face in faces]
    """

    def __init__(
        self, source: str | Path | None = None, device: str = "cpu", *, mirror: bool = True
    ) -> None:
        """Load a model.

        Args:
            source: folder of a saved model (RUN/model); None takes the embedded one.
            device: torch device of the classifier.
            mirror: average over each face and its mirror image: more accurate, twice the work,
                and maps that favour neither side.

        Raises:
            ModelError: when the folder holds no usable model.
        """
        self.trained: TrainedModel = load_model(Path(source) if source else EMBEDDED)
        self.device = torch.device(device)
        model = self.trained.model.to(self.device)
        self._answer = model.mirror_average if mirror else model
        spec = self.trained.input
        self._mean = torch.tensor(spec.mean, device=self.device)[:, None, None]
        self._std = torch.tensor(spec.std, device=self.device)[:, None, None]

    def predict(self, photo: str | Path | Image.Image | np.ndarray) -> list[FacePrediction]:
        """Every face of a photograph, the largest first; an empty list when there is none.

        Args:
            photo: path, PIL picture, or (H, W, 3) RGB or (H, W) grey uint8 array.

        Raises:
            ValueError: when the photograph cannot be read.
        """
        picture = open_photo(photo)
        return self.predict_faces(picture, detect_faces(picture))

    def predict_faces(self, picture: Image.Image, faces: Sequence[Face]) -> list[FacePrediction]:
        """Classify faces that were found before, in their order."""
        spec = self.trained.input
        crops = [align(picture, face.landmarks, spec) for face in faces]
        probabilities, maps = self.classify([crop.image for crop in crops])
        return [
            FacePrediction(
                face.box,
                face.landmarks,
                face.score,
                self.trained.classes,
                probabilities[index],
                maps[index],
                crop.image,
                crop.to_photo,
            )
            for index, (face, crop) in enumerate(zip(faces, crops, strict=True))
        ]

    def classify(self, crops: Sequence[Image.Image]) -> tuple[np.ndarray, np.ndarray]:
        """Classify aligned crops, for example pictures of a data set.

        Args:
            crops: pictures of any size; resized to the model's input.

        Returns:
            Probabilities (N, K) and raw attention maps (N, K, h, w), float32.
        """
        spec = self.trained.input
        probabilities: list[np.ndarray] = []
        maps: list[np.ndarray] = []
        for start in range(0, max(1, len(crops)), FACES_A_PASS):
            pixels = np.stack(
                [self._pixels(crop) for crop in crops[start : start + FACES_A_PASS]]
                or [np.zeros((spec.size, spec.size, spec.channels), np.uint8)]
            )
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self.device)
            with torch.inference_mode():
                output = self._answer(normalise(images, self._mean, self._std))
            probabilities.append(output.logits.softmax(1).cpu().numpy())
            maps.append(output.maps.cpu().numpy())
        return np.concatenate(probabilities)[: len(crops)], np.concatenate(maps)[: len(crops)]

    def _pixels(self, crop: Image.Image) -> np.ndarray:
        spec = self.trained.input
        picture = crop.convert("L" if spec.grey else "RGB")
        if picture.size != (spec.size, spec.size):
            picture = picture.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
        picture = picture.convert("L" if spec.channels == 1 else "RGB")
        return np.asarray(picture).reshape(spec.size, spec.size, spec.channels)


def open_photo(photo: str | Path | Image.Image | np.ndarray) -> Image.Image:
    """A photograph as upright RGB picture; transparency becomes white.

    Raises:
        ValueError: when it cannot be read, or an array has no picture's shape or type.
    """
    if isinstance(photo, np.ndarray):
        colour = photo.ndim == 3 and photo.shape[2] in (3, 4)
        if photo.dtype != np.uint8 or not (photo.ndim == 2 or colour) or photo.size == 0:
            raise ValueError(
                "a photograph array must be (H, W), (H, W, 3) or (H, W, 4) uint8, got "
                f"{photo.shape} {photo.dtype}"
            )
        photo = Image.fromarray(photo)
    try:
        return upright(photo) if isinstance(photo, Image.Image) else open_upright(photo)
    except READ_ERRORS as error:
        raise ValueError(f"{photo} is no readable photograph: {error}") from error
