"""The one object the apps use: a photograph in, every face with its class and maps out."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import torch
from PIL import Image

from fer_core.faces.align import Crop, align, whole_crop
from fer_core.faces.detect import detect_faces_in
from fer_core.faces.face import Face, FaceDetector, whole_face
from fer_core.faces.reduced import least_width
from fer_core.hub.download import BUNDLED, resolve_model
from fer_core.inference.backends import BackendName, make_backend
from fer_core.inference.crop_classifier import CropClassifier
from fer_core.inference.devices import choose_device
from fer_core.inference.face_prediction import Classification, FacePrediction, analysed
from fer_core.inference.onnx_export import ONNX_FILE
from fer_core.inference.photo_files import predict_photos
from fer_core.inference.photos import Photo, open_photo, open_photos
from fer_core.landmarks.analysis import FaceAnalyser
from fer_core.models.pretrained import TrainedModel, load_model
from fer_core.models.saved_model import ModelError
from fer_core.taxonomy import Taxonomy


class Predictor:
    """Finds, aligns and classifies all faces of a photograph.

    Example:
        >>> faces = Predictor().predict("photo.jpg")
        >>> [(face.emotion, round(face.confidence, 2)) for face in faces]
    """

    def __init__(
        self,
        source: str | Path | TrainedModel | None = None,
        device: str = "auto",
        *,
        mirror: bool = True,
        backend: BackendName = "torch",
        onnx_file: str | Path | None = None,
        detector: FaceDetector | None = None,
        analyser: FaceAnalyser | None = None,
    ) -> None:
        """Load a model.

        Args:
            source: folder of a run or of a saved model, the id of one on the Hugging Face Hub
                (``USER/NAME`` or ``USER/NAME@REVISION``; a folder of that name wins), ``bundled``,
                or a loaded model; None takes the bundled one.
            device: ``auto`` (the GPU where there is one and PyTorch computes the outputs), or any
                torch device; of the classifier and of the detector's networks.
            mirror: average over each face and its flipped copy: more accurate, twice the work,
                and maps that favour neither side.
            backend: what computes the outputs: ``torch``, ``onnx`` (ONNX Runtime, on the CPU), or
                ``auto``, the faster of both, measured now; see `make_backend`.
            onnx_file: the model's ONNX file; by default model.onnx in the model's folder. Without
                one, or when it was made from other weights, the model is exported in memory.
            detector: what finds the faces of a photograph (`fer_core.faces.detect.FaceDetector`);
                None: `fer_core.faces.detect.detect_faces`.
            analyser: what tells of each face what it does and where the head is turned
                (`fer_core.landmarks.Landmarker`), for `FacePrediction.analysis`; it changes no
                prediction.

        Raises:
            ModelError: when there is no usable model, or the Hub does not hand it out.
            BackendError, ExportError: when the backend cannot work here; both are ValueErrors.
        """
        folder = None
        if not isinstance(source, TrainedModel):
            folder = resolve_model(source or BUNDLED)
            source = load_model(folder, str(source or ""))
            onnx_file = onnx_file or folder / ONNX_FILE
        self.folder = folder
        self.trained: TrainedModel = source
        self.device = choose_device(device, backend)
        self.trained.model.to(self.device)
        self.mirror = mirror
        self.detector = detector
        self.analyser = analyser
        file = None if onnx_file is None else Path(onnx_file)
        self.backend = make_backend(self.trained, backend, flipped=mirror, file=file)
        self._crops = CropClassifier(self.trained.input, self.backend, self.device, mirror=mirror)

    @property
    def taxonomy(self) -> Taxonomy:
        """The model's classes in the order of the probabilities, with their colours."""
        return self.trained.taxonomy

    @classmethod
    def from_pretrained(cls, source: str | Path = "bundled", **options: Any) -> Self:  # noqa: ANN401
        """The predictor of a run, a saved model, ``bundled``, or ``USER/NAME`` of the Hub.

        Args:
            source: see `fer_core.hub.download.resolve_model`.
            **options: as for `Predictor`.

        Raises:
            ModelError: see `Predictor`.
        """
        return cls(source, **options)

    def push_to_hub(
        self,
        repository: str,
        *,
        origin: str = "",
        licence: str = "apache-2.0",
        private: bool = False,
        message: str = "",
    ) -> str:
        """Publish the model with its card on the Hub; `fer-core publish` has more options.

        Args:
            repository: ``USER/NAME``, made where it is missing.
            origin: where the starting weights come from, for the card; needed where the run had
                any and the model does not say it.
            licence: of the weights.
            private: let a new repository be seen by its owner alone.
            message: of the commit.

        Returns:
            The address of the repository's page.

        Raises:
            ModelError: for a model that was handed over loaded, which has no folder.
            RecordError, UploadError: see `fer_core.publishing.push.push_model`.
        """
        # What publishes stands above the predictor, and few programs need it.
        from fer_core.publishing.folder import Publication
        from fer_core.publishing.push import push_model

        if self.folder is None:
            raise ModelError(
                "the predictor was made of a loaded model: save_model writes a folder, and "
                "Predictor(FOLDER).push_to_hub publishes it"
            )
        publication = Publication(repository, licence=licence)
        return push_model(
            self.folder, publication, origin=origin, message=message, private=private
        )[0]

    @overload
    def predict(
        self, photo: Photo, *, cropped: bool = ..., thorough: bool = ...
    ) -> list[FacePrediction]: ...
    @overload
    def predict(
        self,
        photo: list[Any] | tuple[Photo, ...],
        *,
        cropped: bool = ...,
        thorough: bool = ...,
    ) -> list[list[FacePrediction]]: ...
    def predict(
        self,
        photo: Photo | list[Any] | tuple[Photo, ...],
        *,
        cropped: bool = False,
        thorough: bool = True,
    ) -> list[FacePrediction] | list[list[FacePrediction]]:
        """Every face of a photograph, in the detector's order; an empty list when there is none.

        `detect_faces`, the usual detector, gives the largest first.

        Args:
            photo: path, PIL image, array (channels last) or tensor (channels first), see
                `fer_core.inference.photos.open_photo`; or a list of any of these, whose faces go
                through the model together.
            cropped: each image is one face already, as the 48 x 48 crops of a data set: it goes to
                the model as it is, and its box is the whole image.
            thorough: look for small faces too, as `detect_faces` does.

        Returns:
            The faces; for a list of photographs a list of their faces. A large JPEG whose faces are
            large is decoded reduced (`fer_core.inference.photo_files`).

        Raises:
            ValueError: when a photograph cannot be read.
        """
        photos = photo if isinstance(photo, list | tuple) else [photo]
        if cropped:
            found = self.predict_all(open_photos(photos), cropped=True)
        else:
            found = predict_photos(self, photos, thorough=thorough)
        return found if photos is photo else found[0]

    @property
    def least_width(self) -> int | None:
        """Pixels of a face that are enough in a reduced copy; None with a detector of your own."""
        return None if self.detector is not None else least_width(self.trained.input.size)

    def predict_all(
        self, photos: Sequence[Image.Image], *, cropped: bool = False, thorough: bool = True
    ) -> list[list[FacePrediction]]:
        """As `predict`, of several upright RGB photographs or frames at once.

        Their faces go through the model together, and those of one size through the detector.
        """
        if cropped:
            spec = self.trained.input
            whole = [[(whole_face(one.size, spec), whole_crop(one, spec))] for one in photos]
            return self._predictions(photos, whole, self._crops.classify(photos))
        return self._predict_faces(photos, self.find_faces_in(photos, thorough=thorough))

    def find_faces(self, photo: Image.Image, *, thorough: bool = True) -> list[Face]:
        """The faces that the predictor's detector finds in an upright RGB photograph.

        Args:
            photo: the photograph.
            thorough: see `detect_faces`; a detector of your own is not told.

        Raises:
            ValueError: for a detector of your own that gives something else than faces.
        """
        return self.find_faces_in([photo], thorough=thorough)[0]

    def find_faces_in(
        self, photos: Sequence[Image.Image], *, thorough: bool = True
    ) -> list[list[Face]]:
        """As `find_faces`, of several photographs."""
        if self.detector is None:
            return detect_faces_in(photos, thorough=thorough, device=str(self.device))
        found = [list(self.detector(photo)) for photo in photos]
        for face in itertools.chain(*found):
            if not isinstance(face, Face) or np.shape(face.landmarks) != (3, 2):
                raise ValueError(
                    "a detector must give fer_core.Face with landmarks (3, 2) in pixels (eye on "
                    f"the left, eye on the right, mouth centre), got {face!r}"
                )
        return found

    def predict_faces(self, image: Image.Image, faces: Sequence[Face]) -> list[FacePrediction]:
        """Classify faces that were found before, in their order."""
        return self._predict_faces([image], [faces])[0]

    def _predict_faces(
        self, photos: Sequence[Image.Image], faces: Sequence[Sequence[Face]]
    ) -> list[list[FacePrediction]]:
        """The faces of each photograph, all classified together."""
        found = [
            [(face, align(photo, face.landmarks, self.trained.input)) for face in of_photo]
            for photo, of_photo in zip(photos, faces, strict=True)
        ]
        answers = self._crops.classify([crop.image for pairs in found for _, crop in pairs])
        return self._predictions(photos, found, answers)

    def _predictions(
        self,
        photos: Sequence[Image.Image],
        found: Sequence[Sequence[tuple[Face, Crop]]],
        answers: Classification,
    ) -> list[list[FacePrediction]]:
        """What the answers, one a face, say of the faces of each photograph."""
        number = itertools.count()
        return [
            self._analysed(
                photo, [self._prediction(face, crop, answers, next(number)) for face, crop in pairs]
            )
            for photo, pairs in zip(photos, found, strict=True)
        ]

    def _analysed(
        self, photo: Image.Image, faces: Sequence[FacePrediction]
    ) -> list[FacePrediction]:
        return list(faces) if self.analyser is None else analysed(self.analyser, photo, faces)

    def _prediction(
        self, face: Face, crop: Crop, answers: Classification, index: int
    ) -> FacePrediction:
        return FacePrediction(
            face.box,
            face.landmarks,
            face.score,
            self.taxonomy,
            answers.probabilities[index],
            answers.maps[index],
            crop.image,
            crop.to_photo,
            answers.mirror_check(index),
        )

    def classify(self, crops: Photo | Sequence[Photo]) -> Classification:
        """Classify faces that are cut out already, for example images of a data set.

        Args:
            crops: N of what `predict` takes, or one of it; of any size, resized to the model's
                input.

        Raises:
            ValueError: when an image cannot be read.
        """
        if isinstance(crops, str | Path | bytes | Image.Image | np.ndarray | torch.Tensor):
            return self._crops.classify([open_photo(crops)])
        return self._crops.classify(open_photos(crops))
