"""What a face does, as HTML: its movements, and where the head is turned."""

import json
from collections.abc import Sequence
from html import escape

from demo_app.language import movement_name, say
from fer_core.landmarks.analysis import FaceAnalysis, HeadPose
from fer_core.landmarks.movements import MOVEMENTS

MOST_SHOWN = 6  # movements
STEP = 5  # degrees to which a pose is rounded where it changes all the time
UNITS = {one.words: one.unit for one in MOVEMENTS}


def movements_panel(analysis: FaceAnalysis | None, number: int) -> str:
    """Movements as bars, the turn of the head, and a note when it is turned too far.

    Args:
        analysis: of the face; None where the analyser sees none.
        number: of the face, from 1.
    """
    title = f'<h2 class="panel-title">{escape(say("movements.title", number=number))}</h2>'
    if analysis is None:
        return f"{title}<p>{escape(say('movements.no_face'))}</p>"
    rows = "".join(
        f'<div class="bar" role="listitem"><span class="name">{escape(movement_name(one.words))}'
        f"{f' <small>{one.unit}</small>' if one.unit else ''}</span>"
        f'<span class="track"><i style="width:{100 * one.score:.1f}%"></i></span>'
        f'<span class="value">{one.score:.2f}</span></div>'
        for one in analysis.movements[:MOST_SHOWN]
    )
    shown = f'<div class="bars movements" role="list">{rows}</div>' if rows else ""
    missing = "" if rows else f"<p>{escape(say('movements.none'))}</p>"
    return (
        f"{title}{shown}{missing}<p>{escape(pose_in_words(analysis.pose))}</p>"
        f"{_note(turned=bool(analysis.note))}{_reservation()}"
    )


def live_movements(analysis: FaceAnalysis | None, number: int) -> str:
    """The same in few lines that do not jump: for a face of the camera.

    Args:
        analysis: the last one of the face; None where there is none.
        number: of the face.
    """
    title = f"<p><b>{escape(say('movements.title', number=number))}</b></p>"
    if analysis is None:
        return f'<div class="doing">{title}<p>{escape(say("movements.no_face"))}</p></div>'
    names = ", ".join(one.words for one in analysis.movements)
    said = moment_text(names, analysis.pose, turned=bool(analysis.note))
    return f'<div class="doing">{title}{said}{_reservation()}</div>'


def moment_text(movements: str | None, pose: HeadPose | None, turned: bool = False) -> str:
    """One face at one moment as HTML: its movements, the head to 5 degrees, the note.

    Args:
        movements: their English words, with commas between them; None where the analyser sees no
            face.
        pose: of the head, with the movements.
        turned: too far for the emotion model.
    """
    if movements is None or pose is None:
        return f"<p>{escape(say('movements.no_face'))}</p>"
    names = ", ".join(_with_unit(name) for name in movements.split(", ")[:MOST_SHOWN] if name)
    rounded = HeadPose(*(STEP * round(value / STEP) for value in pose))
    return (
        f"<p>{escape(names or say('movements.none'))}</p>"
        f"<p>{escape(pose_in_words(rounded))}</p>{_note(turned=turned)}"
    )


def moments_panel(
    texts: Sequence[tuple[str, str]], moments: Sequence[tuple[float, list[int]]], holds: float
) -> str:
    """What the faces do where a video is; the page's script shows the moment (`moments_script`).

    Args:
        texts: name and text (HTML) of each state of a face.
        moments: time in seconds, and the numbers of the texts of its faces; in order of time.
        holds: seconds for which a moment is shown when no other follows it.
    """
    shown = [f"<div><b>{escape(who)}</b>{text}</div>" for who, text in texts]
    data = escape(json.dumps({"texts": shown, "moments": moments, "holds": round(holds, 3)}))
    first = "".join(shown[number] for number in moments[0][1]) if moments else ""
    none = escape(say("movements.nobody"))
    return (
        f'<div class="moments" data-none="{none}" data-moments="{data}">'
        f'<h2 class="panel-title">{escape(say("movements.follow"))}</h2>'
        f'<div class="doing">{first or none}</div>{_reservation()}</div>'
    )


def pose_in_words(pose: HeadPose) -> str:
    """The turn of a head, such as "Head: 12° to the right, 5° up, tilted 11° clockwise."."""
    yaw, pitch, roll = (round(value) for value in pose)
    parts = [
        say(f"movements.{'right' if yaw > 0 else 'left'}", angle=abs(yaw)) if yaw else "",
        say(f"movements.{'up' if pitch > 0 else 'down'}", angle=abs(pitch)) if pitch else "",
        say(f"movements.{'clockwise' if roll > 0 else 'anticlockwise'}", angle=abs(roll))
        if roll
        else "",
    ]
    turned = ", ".join(filter(None, parts)) or say("movements.straight")
    return say("movements.head", turned=turned)


def _with_unit(words: str) -> str:
    """A movement and the action unit that is closest, such as "jaw dropped (AU26)"."""
    unit = UNITS.get(words, "")
    return f"{movement_name(words)} ({unit})" if unit else movement_name(words)


def _note(*, turned: bool) -> str:
    return f'<p class="turned">{escape(say("movements.turned"))}</p>' if turned else ""


def _reservation() -> str:
    return f'<p class="movements-note">{escape(say("movements.note"))}</p>'
