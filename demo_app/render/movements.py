"""What a face does, as HTML: its movements, and where the head is turned."""

from html import escape

from demo_app.language import say
from demo_app.render import text as words
from fer_core.landmarks.analysis import FaceAnalysis, HeadPose

MOST_SHOWN = 6  # movements


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
        f'<div class="bar" role="listitem"><span class="name">{escape(one.words)}'
        f"{f' <small>{one.unit}</small>' if one.unit else ''}</span>"
        f'<span class="track"><i style="width:{100 * one.score:.1f}%"></i></span>'
        f'<span class="value">{one.score:.2f}</span></div>'
        for one in analysis.movements[:MOST_SHOWN]
    )
    shown = f'<div class="bars movements" role="list">{rows}</div>' if rows else ""
    missing = "" if rows else f"<p>{escape(say('movements.none'))}</p>"
    note = f'<p class="turned">{escape(words.sentence(analysis.note))}</p>' if analysis.note else ""
    return (
        f"{title}{shown}{missing}<p>{escape(pose_in_words(analysis.pose))}</p>{note}"
        f'<p class="movements-note">{escape(say("movements.note"))}</p>'
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
