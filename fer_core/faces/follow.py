"""Faces from one image of a camera to the next: looked for near where they were.

A search of a whole image is most of the time of a camera's image, and nearly all of it goes to
places without a face. Between two such searches only the last two networks of MTCNN run, on squares
around each face of the image before: they decide, as always, whether a face is there, and give its
box and landmarks. A face that they do not find, or that comes too close to another one, leads to a
search of the whole image at once; a new face waits at most `SEARCH_EVERY` seconds for one.
benchmarks/follow.py measures how far the faces lie from those of whole searches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PIL import Image

from fer_core.faces.face import Face

SEARCH_EVERY = 0.5  # seconds between two searches of the whole image


@dataclass(eq=False)
class FaceFollower:
    """Finds the faces of one stream of images.

    Attributes:
        search_every: seconds between two searches of the whole image; 0 searches every image.
    """

    search_every: float = SEARCH_EVERY
    _faces: list[Face] = field(default_factory=list, init=False)
    _size: tuple[int, int] = field(default=(0, 0), init=False)
    _searched: float = field(default=float("-inf"), init=False)

    def find(
        self,
        photo: Image.Image,
        now: float,
        search: Callable[[Image.Image], Sequence[Face]],
        device: str = "cpu",
    ) -> list[Face]:
        """The faces of the next image, the largest first.

        Args:
            photo: upright RGB image.
            now: its time in seconds, not before the last one.
            search: finds all faces of an image; asked where following is not enough.
            device: of the networks, see `fer_core.faces.mtcnn_networks.networks`.
        """
        from fer_core.faces.near import follow_faces  # the networks, which take a while

        followed = None
        if self._faces and photo.size == self._size and now - self._searched < self.search_every:
            followed = follow_faces(photo, self._faces, device)
        if followed is None:
            followed = list(search(photo))
            self._searched = now
        self._faces, self._size = followed, photo.size
        return followed
