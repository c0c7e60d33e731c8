"""The report of a video: its summary, and the sentences about it."""

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from demo_app.analysis.video_table import Analysed, summarise_faces
from demo_app.language import class_name, say, say_count
from demo_app.render import text as words
from demo_app.render.timeline import ROWS
from fer_core.taxonomy import Taxonomy
from fer_core.video.reader import RATE, SECONDS, Video

LEAST_SHARE = 0.1  # of the time; rarer predictions are only in the files

ENDPOINT = (
    "Track every face in a video and predict its class over time, with most models a facial "
    "expression. Takes a video file, the name of a model (see /models) and the probability below "
    "which a prediction is not sure. Returns a dictionary (sentence, facts of the video, settings, "
    "and per face the time it was seen, the share of each prediction, and the mean probability of "
    "each class), a CSV file with one row per face and analysed frame, and the annotated video "
    "(MP4). With landmarks the rows also tell what each face does (blendshapes) and where the head "
    "is turned, where the page can tell. Meanwhile it sends how far it is (sentence, share); a "
    "call that is cancelled stops the work. A video that cannot be read, or is too long, gives a "
    "sentence that says so, and no files."
)


@dataclass(frozen=True)
class VideoOptions:
    """How a video is analysed.

    Attributes:
        model: name of the model.
        threshold: probability below which a prediction is "not sure", in [0, 1].
        maps: draw the attention map of each face's prediction.
        seconds: longest video.
        rate: analysed frames per second of video.
        movements: also tell what each face does, and where the head is turned.
    """

    model: str
    threshold: float
    maps: bool = False
    seconds: float = SECONDS
    rate: float = RATE
    movements: bool = False


def summarise(
    video: Video,
    analysed: Analysed,
    table: pd.DataFrame,
    classes: tuple[str, ...],
    options: VideoOptions,
) -> dict[str, Any]:
    """Facts of the video, settings, and for each face its time, shares and mean probabilities."""
    facts = video.facts
    return {
        "video": {
            "width": video.size[0],
            "height": video.size[1],
            "seconds": round(analysed.end if video.shortened else facts.seconds or analysed.end, 3),
            "frames_per_second": facts.frames_per_second,
            "codec": facts.codec,
            "damaged_parts": video.damaged,
            "stopped_at_limit": video.shortened,
        },
        "model": options.model,
        "threshold": options.threshold,
        "moments_per_second": options.rate,
        "moments": len(analysed.times),
        "classes": list(classes),
        "faces": summarise_faces(table, classes),
    }


def sentences(summary: dict[str, Any]) -> list[str]:
    """What was found: a sentence about the video, then one per face."""
    video, faces = summary["video"], summary["faces"]
    seconds, frames = f"{video['seconds']:.1f}", say_count("video.frames", summary["moments"])
    text = [say_count("video.found", len(faces), seconds=seconds, frames=frames)]
    if video["stopped_at_limit"]:
        text.append(say("video.stopped_at_limit"))
    if video["damaged_parts"]:
        text.append(say("video.damaged"))
    if left_out := summary.get("excluded"):
        ranges = ", ".join(f"{start:.1f} to {end:.1f} s" for start, end in left_out)
        text.append(say("video.left_out", ranges=ranges))
    return [" ".join(text), *(_face_sentence(face) for face in faces)]


def _face_sentence(face: dict[str, Any]) -> str:
    shares = ", ".join(
        f"{class_name(name)} {words.percent(share)}"
        for name, share in face["share_of_time"].items()
        if share >= LEAST_SHARE
    )
    times = {"start": f"{face['from_s']:.1f}", "end": f"{face['to_s']:.1f}"}
    who = words.person_name(face["face"], face["person"])
    return say("video.face", who=who, shares=shares, **times)


def summary_html(summary: dict[str, Any], taxonomy: Taxonomy) -> str:
    """The same as HTML, with the colours of the timeline below it."""
    first, *faces = sentences(summary)
    items = "".join(f"<li>{escape(face)}</li>" for face in faces)
    colours = [*zip(taxonomy.names, taxonomy.colours, strict=True), (words.NOT_SURE, "transparent")]
    keys = "".join(
        f'<li style="--colour:{colour}">{escape(class_name(name))}</li>' for name, colour in colours
    )
    label = escape(say("video.colours"))
    legend = f'<ul class="keys" aria-label="{label}">{keys}</ul>' if faces else ""
    more = say("video.rows", count=ROWS) if len(faces) > ROWS else ""
    note = f"<p>{escape(more)}</p>" if more else ""
    return f"<p><b>{escape(first)}</b></p><ul>{items}</ul>{note}{legend}"


def hint(seconds: float, megabytes: int) -> str:
    """What can be uploaded, and what happens to it."""
    return say("video.hint", seconds=f"{seconds:.0f}", megabytes=megabytes, rate=f"{RATE:.0f}")


def meter(share: float, text: str) -> str:
    """Progress as HTML.

    Args:
        share: done, in [0, 1].
        text: what is being done.
    """
    done = round(100 * share)
    shown = f"{done} % · {escape(text)}" if 0 < share < 1 else escape(text)
    label = escape(say("video.meter"))
    return (
        f'<div class="meter-line"><i role="progressbar" aria-label="{label}" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{done}" style="--share:{share:.3f}">'
        f'</i><span role="status">{shown}</span></div>'
    )
