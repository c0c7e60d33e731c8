"""Camera frames of all visitors at the models: none waits long, those too late are dropped."""

import threading
from dataclasses import replace

from PIL import Image

from demo_app.analysis.model_pool import ModelPool
from fer_core.faces.follow import FaceFollower
from fer_core.inference.face_prediction import FacePrediction

SLOTS = 2  # frames of all visitors at the model: one being predicted, one next
PATIENCE = 0.3  # seconds for which a frame waits for its slot


class FrameLimiter:
    """Passes frames of all visitors to the models, and drops those that would come too late.

    Frames never queue up: a frame that gets no slot within its patience is dropped, because the
    visitor's next one is newer. So the delay stays bounded with any number of visitors, who share
    the frames per second, and a photograph waits for a few frames at most.
    """

    def __init__(self, pool: ModelPool, slots: int = SLOTS, patience: float = PATIENCE) -> None:
        """Set the limit.

        Args:
            pool: the models.
            slots: frames at the models at the same time.
            patience: seconds for which a frame waits for a slot.
        """
        self._pool = pool
        self._slots = threading.BoundedSemaphore(slots)
        self._patience = patience

    def predict(
        self, model: str, image: Image.Image, follower: FaceFollower, now: float
    ) -> list[FacePrediction] | None:
        """As `ModelPool.predict_next`; None for a frame that was dropped."""
        self._pool.get(model)  # loading takes no slot
        if not self._slots.acquire(timeout=self._patience):
            return None
        try:
            return self._pool.predict_next(model, image, follower, now)
        finally:
            self._slots.release()

    def analyse(self, image: Image.Image, face: FacePrediction) -> FacePrediction | None:
        """What a face does, on the model thread; None where frames take all the time.

        The browser sends a mirror image, as people know themselves: left and right are put right.

        Raises:
            ModelError: when the page has no analyser.
        """
        if not self._slots.acquire(blocking=False):
            return None
        try:
            (found,) = self._pool.analyse_faces(image, [face])
        finally:
            self._slots.release()
        return replace(found, analysis=found.analysis and found.analysis.of_mirror_image())
