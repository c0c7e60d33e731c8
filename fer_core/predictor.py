"""The one object the apps use: a photograph in, every face with its class and maps out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from fer_core.backends import BackendName, make_backend
from fer_core.cam import overlay
from fer_core.export import ONNX_FILE
from fer_core.faces import Face, align, detect_faces
from fer_core.hub import EMBEDDED, TrainedModel, load_model
from fer_core.hub_download import find_model
from fer_core.mirror_check import MirrorCheck
from fer_core.models import Output, average
from fer_core.pictures import READ_ERRORS, PictureError, open_upright, upright
from fer_core.taxonomy import Taxonomy
from fer_core.transforms import normalise

FACES_A_PASS = 64


@dataclass(frozen=True, eq=False)
class FacePrediction:
    """What the model says of one face.

    Attributes:
        box: (x0, y0, x1, y1) in pixels of the photograph.
        landmarks: (3, 2) pixels: eye on the picture's left, eye on its right, mouth centre.
        score: the detector's confidence that this is a face.
        taxonomy: the model's classes in the order of the probabilities, with their colours.
        probabilities: (K,) softmax, sums to 1.
        maps: (K, h, w) raw class attention maps; mean plus bias is the logit.
        crop: the aligned face as the model saw it.
        to_photo: (2, 3) matrix from crop coordinates in [0, 1] to photograph pixels.
        mirror_check: the answers on the face and on its mirror image apart; None where the
            predictor does not look at mirror images.
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
    def consistency(self) -> float | None:
        """Attention-consistency score of the predicted class, in [0, 1]; see `MirrorCheck`."""
        if self.mirror_check is None:
            return None
        return self.mirror_check.consistency(int(self.probabilities.argmax()))

    def map_of(self, emotion: str) -> np.ndarray:
        """The (h, w) raw attention map of one class.

        Raises:
            ValueError: for a class the model does not have.
        """
        if emotion not in self.classes:
            known = ", ".join(self.classes)
            raise ValueError(f"unknown class {emotion!r}: the model knows {known}")
        return self.maps[self.classes.index(emotion)]

    def overlay_on(
        self, photo: Image.Image, emotion: str | None = None, opacity: float = 0.55
    ) -> Image.Image:
        """The photograph with the heat map of one class (by default the predicted one)."""
        return overlay(photo, self.map_of(emotion or self.emotion), self.to_photo, opacity)


class Classification(NamedTuple):
    """The model's answers on N aligned faces.

    Attributes:
        probabilities: (N, K) softmax of the mean logits of all views.
        maps: (N, K, h, w) raw attention maps, the mean of all views.
        view_probabilities: (N, V, K) of each view: the face and, where the predictor looks at it,
            its mirror image.
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


class Predictor:
    """Finds, aligns and classifies all faces of a photograph.

    Example:
        >>> faces = Predictor().predict("photo.jpg")
        >>> [(face.emotion, round(face.confidence, 2)) for face in faces]
    """

    def __init__(
        self,
        source: str | Path | TrainedModel | None = None,
        device: str = "cpu",
        *,
        mirror: bool = True,
        backend: BackendName = "torch",
        onnx_file: Path | None = None,
    ) -> None:
        """Load a model.

        Args:
            source: folder of a saved model (RUN/model), the id of one on the Hugging Face Hub
                (``USER/NAME`` or ``USER/NAME@REVISION``; a folder of that name wins), or a loaded
                model; None takes the embedded one.
            device: torch device of the classifier.
            mirror: average over each face and its mirror image: more accurate, twice the work,
                and maps that favour neither side.
            backend: what computes the answers: ``torch``, ``onnx`` (ONNX Runtime, on the CPU), or
                ``auto``, the faster of both, measured now; see `make_backend`.
            onnx_file: the model's ONNX file; by default model.onnx in the model's folder. Without
                one, or when it was made from other weights, the model is exported in memory.

        Raises:
            ModelError: when there is no usable model, or the Hub does not hand it out.
            BackendError, ExportError: when the backend cannot work here; both are ValueErrors.
        """
        if not isinstance(source, TrainedModel):
            folder = find_model(source or EMBEDDED)
            source = load_model(folder, str(source or ""))
            onnx_file = onnx_file or folder / ONNX_FILE
        self.trained: TrainedModel = source
        self.device = torch.device(device)
        self.trained.model.to(self.device)
        self.mirror = mirror
        spec = self.trained.input
        self._mean = torch.tensor(spec.mean, device=self.device)[:, None, None]
        self._std = torch.tensor(spec.std, device=self.device)[:, None, None]
        self.backend = make_backend(self.trained, backend, mirrored=mirror, file=onnx_file)

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
        answers = self.classify([crop.image for crop in crops])
        return [
            FacePrediction(
                face.box,
                face.landmarks,
                face.score,
                self.trained.taxonomy,
                answers.probabilities[index],
                answers.maps[index],
                crop.image,
                crop.to_photo,
                answers.mirror_check(index),
            )
            for index, (face, crop) in enumerate(zip(faces, crops, strict=True))
        ]

    def classify(self, crops: Sequence[Image.Image]) -> Classification:
        """Classify aligned crops, for example pictures of a data set.

        Args:
            crops: pictures of any size; resized to the model's input.
        """
        spec = self.trained.input
        views: list[tuple[Output, ...]] = []
        for start in range(0, max(1, len(crops)), FACES_A_PASS):
            pixels = np.stack(
                [self._pixels(crop) for crop in crops[start : start + FACES_A_PASS]]
                or [np.zeros((spec.size, spec.size, spec.channels), np.uint8)]
            )
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self.device)
            normalised = normalise(images, self._mean, self._std)
            views.append(self.backend.views(normalised, mirrored=self.mirror))
        parts = [_joined(outputs, len(crops)) for outputs in zip(*views, strict=True)]
        whole = average(*parts) if len(parts) > 1 else parts[0]
        return Classification(
            whole.logits.softmax(1).numpy(),
            whole.maps.numpy(),
            np.stack([part.logits.softmax(1).numpy() for part in parts], 1),
            np.stack([part.maps.numpy() for part in parts], 1),
        )

    def _pixels(self, crop: Image.Image) -> np.ndarray:
        spec = self.trained.input
        picture = crop.convert("L" if spec.grey else "RGB")
        if picture.size != (spec.size, spec.size):
            picture = picture.resize((spec.size, spec.size), Image.Resampling.BICUBIC)
        picture = picture.convert("L" if spec.channels == 1 else "RGB")
        return np.asarray(picture).reshape(spec.size, spec.size, spec.channels)


def _joined(outputs: Sequence[Output], count: int) -> Output:
    """The answers of several passes as one, on the CPU, of the first ``count`` images."""
    logits, maps = (torch.cat(parts)[:count].cpu() for parts in zip(*outputs, strict=True))
    return Output(logits, maps)


def open_photo(photo: str | Path | Image.Image | np.ndarray) -> Image.Image:
    """A photograph as upright RGB picture; transparency becomes white.

    Raises:
        PictureError: a ValueError, for a whole picture that is not read, see `open_upright`.
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
    except PictureError:
        raise
    except READ_ERRORS as error:
        raise ValueError(f"{photo} is no readable photograph: {error}") from error
