"""Several videos, one after the other: one that cannot be analysed does not hold up the next."""

import contextlib
import os
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from demo_app.analysis.model_pool import ModelPool
from demo_app.analysis.video import VideoProgress, VideoResult, analyse_video, fresh_folder
from demo_app.analysis.video_report import VideoOptions
from demo_app.language import say
from demo_app.render import text as words
from fer_core.models.saved_model import ModelError
from fer_core.video.reader import VideoError


class VideoFault(NamedTuple):
    """Why a video of the queue has no result."""

    sentence: str


def analyse_queue(
    pool: ModelPool, paths: Sequence[str], options: VideoOptions, root: Path
) -> Generator[VideoProgress | VideoResult | VideoFault]:
    """Analyse videos in their order; closing the generator stops the one that is under way.

    Args:
        pool: the models.
        paths: of the videos.
        options: of the analysis.
        root: folder of all visitors' files; each result has a folder of its own in it.
    """
    alone = len(paths) == 1
    for index, path in enumerate(paths):
        name = Path(path).name
        work = analyse_video(pool, path, options, fresh_folder(root))
        try:
            for step in work:
                if isinstance(step, VideoProgress) and not alone:
                    place = say("video.place", number=index + 1, count=len(paths), name=name)
                    share = (index + step.share) / len(paths)
                    yield VideoProgress(share, f"{place}: {step.text}")
                else:
                    yield step
        except (VideoError, ModelError) as error:
            yield VideoFault(words.sentence(str(error) if alone else f"{name}: {error}"))
        finally:
            work.close()


def keep_files(paths: Iterable[str]) -> None:
    """See that long work loses no file to `demo_app.serving.cleanup`."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # it gets a sentence when its turn comes
            os.utime(path)
