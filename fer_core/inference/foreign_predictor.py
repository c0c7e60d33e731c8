"""Faces of a photograph by somebody else's model, in the form that our `Predictor` answers in."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fer_core.faces.align import Crop, align, whole_crop
from fer_core.faces.detect import detect_faces_in
from fer_core.faces.face import Face, whole_face
from fer_core.faces.reduced import least_width
from fer_core.foreign.labels import map_labels
from fer_core.foreign.model import IMAGES_A_PASS, ForeignModel, load_network
from fer_core.inference.devices import choose_device
from fer_core.inference.face_prediction import Classification, FacePrediction, analysed
from fer_core.inference.photo_files import predict_photos
from fer_core.inference.photos import Photo, open_photo
from fer_core.landmarks.analysis import FaceAnalyser
from fer_core.taxonomy import Taxonomy, taxonomy_of


class ForeignPredictor:
    """Finds, aligns and classifies all faces of a photograph; there are no attention maps.

    Which crops the model was trained on is not known: faces are cut out as for our own models, with
    the usual places of eyes and mouth, and the model's preprocessing does the rest.
    """

    def __init__(
        self,
        model: ForeignModel,
        device: str = "auto",
        *,
        mirror: bool = True,
        analyser: FaceAnalyser | None = None,
    ) -> None:
        """Take a model.

        Args:
            model: read in our classes.
            device: of the network, as for `Predictor`.
            mirror: average over each face and its flipped copy, as `Predictor` does.
            analyser: as for `Predictor`.
        """
        self.model, self.mirror, self.analyser = model, mirror, analyser
        self._spec = model.input
        self.device = choose_device(device)
        model.network.module.to(self.device)

    @property
    def taxonomy(self) -> Taxonomy:
        """The model's classes in the order of the probabilities, with their colours."""
        return taxonomy_of(self.model.classes)

    def predict(
        self, photo: Photo, *, cropped: bool = False, thorough: bool = True
    ) -> list[FacePrediction]:
        """Every face of a photograph, the largest first; as `Predictor.predict`, without maps.

        Args:
            photo: as for `Predictor.predict`.
            cropped: likewise.
            thorough: likewise.

        Raises:
            ValueError: when the photograph cannot be read.
            ModelError: when the network answers with no numbers.
        """
        if cropped:
            return self.predict_all([open_photo(photo)], cropped=True)[0]
        return predict_photos(self, [photo], thorough=thorough)[0]

    @property
    def least_width(self) -> int:
        """Pixels of a face from which a reduced copy of a photograph is enough to look at it."""
        return least_width(self._spec.size)

    def predict_all(
        self, photos: Sequence[Image.Image], *, cropped: bool = False, thorough: bool = True
    ) -> list[list[FacePrediction]]:
        """As `Predictor.predict_all`, without maps."""
        if cropped:
            faces = [[whole_face(photo.size, self._spec)] for photo in photos]
            crops = [[whole_crop(photo, self._spec)] for photo in photos]
            return self._predict(photos, faces, crops)
        faces = detect_faces_in(photos, thorough=thorough, device=str(self.device))
        return self._predict_faces(photos, faces)

    def find_faces(self, photo: Image.Image, *, thorough: bool = True) -> list[Face]:
        """The faces of an upright RGB photograph, the largest first; see `detect_faces`."""
        return detect_faces_in([photo], thorough=thorough, device=str(self.device))[0]

    def predict_faces(self, image: Image.Image, faces: Sequence[Face]) -> list[FacePrediction]:
        """Classify faces that were found before, in their order."""
        return self._predict_faces([image], [faces])[0]

    def _predict_faces(
        self, photos: Sequence[Image.Image], faces: Sequence[Sequence[Face]]
    ) -> list[list[FacePrediction]]:
        crops = [
            [align(photo, face.landmarks, self._spec) for face in of_photo]
            for photo, of_photo in zip(photos, faces, strict=True)
        ]
        return self._predict(photos, faces, crops)

    def _predict(
        self,
        photos: Sequence[Image.Image],
        faces: Sequence[Sequence[Face]],
        crops: Sequence[Sequence[Crop]],
    ) -> list[list[FacePrediction]]:
        """The faces of each photograph, all classified together."""
        rows = iter(self._predictions([*chain(*faces)], [*chain(*crops)]))
        found = [[next(rows) for _ in of_photo] for of_photo in faces]
        if self.analyser is None:
            return found
        pairs = zip(photos, found, strict=True)
        return [analysed(self.analyser, photo, of_photo) for photo, of_photo in pairs]

    def _predictions(self, faces: Sequence[Face], crops: Sequence[Crop]) -> list[FacePrediction]:
        probabilities = self.classify([crop.image for crop in crops]).probabilities
        taxonomy = self.taxonomy
        return [
            FacePrediction(
                box=face.box,
                landmarks=face.landmarks,
                score=face.score,
                taxonomy=taxonomy,
                probabilities=row,
                maps=np.empty((len(taxonomy.names), 0, 0), np.float32),
                crop=crop.image,
                to_photo=crop.to_photo,
            )
            for face, crop, row in zip(faces, crops, probabilities, strict=True)
        ]

    def classify(self, crops: Sequence[Image.Image]) -> Classification:
        """Classify N RGB faces that are cut out already; the maps are (N, K, 0, 0).

        Raises:
            ModelError: when the network answers with no numbers.
        """
        count = len(self.model.classes)
        views = 2 if self.mirror else 1
        logits = [np.empty((0, count), np.float32)]
        of_views = [np.empty((views, 0, count), np.float32)]
        for start in range(0, len(crops), IMAGES_A_PASS):
            part = crops[start : start + IMAGES_A_PASS]
            answers = self.model.view_logits(part, mirror=self.mirror)
            logits.append(self.model.mapping.fold(answers.mean(0)))
            of_views.append(np.stack([self.model.mapping.fold(view) for view in answers]))
        return Classification(
            _softmax(np.concatenate(logits)),
            np.empty((len(crops), count, 0, 0), np.float32),
            _softmax(np.concatenate(of_views, 1).swapaxes(0, 1)),
            np.empty((len(crops), views, count, 0, 0), np.float32),
        )


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis, float32."""
    return torch.from_numpy(logits).softmax(-1).numpy()


def load_foreign_predictor(
    folder: Path,
    called: str = "",
    *,
    device: str = "auto",
    analyser: FaceAnalyser | None = None,
) -> ForeignPredictor:
    """The model of a folder, its labels read as emotions.

    Args:
        folder: see `fer_core.foreign.model.load_network`.
        called: what error messages call it; by default its folder.
        device: see `ForeignPredictor`.
        analyser: likewise.

    Raises:
        ModelError: when it cannot be loaded, or no label of it names an emotion.
    """
    network = load_network(folder, called)
    return ForeignPredictor(
        ForeignModel(network, map_labels(network.labels)), device, analyser=analyser
    )
