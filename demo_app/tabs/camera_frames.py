"""Camera frames between browser and server: text in the message, never a file."""

import base64
import io

from PIL import Image

from demo_app.language import say
from fer_core.errors import FerError
from fer_core.io.eight_bits import upright
from fer_core.io.images import READ_ERRORS, open_checked

QUALITY = 80  # of the JPEG that goes back


MOST_PIXELS = 4_200_000  # of a frame; the page asks cameras for 640 x 480


class FrameError(FerError, ValueError):
    """A camera frame that is not an image."""


def read_frame(url: str) -> Image.Image:
    """A frame of the camera from its data URL.

    Raises:
        FrameError: when it is none.
    """
    try:
        content = base64.b64decode(url.partition(",")[2], validate=True)
        with open_checked(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise FrameError(say("live.unreadable_frame"))
            return upright(image)
    except FrameError:
        raise
    except READ_ERRORS as error:
        raise FrameError(say("live.unreadable_frame")) from error


def write_frame(image: Image.Image) -> dict[str, str]:
    """An image as the value of an image component."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return {"url": "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()}
