"""The review of a video as HTML: events that lead to their time, and what each person did."""

from collections.abc import Sequence
from html import escape

from demo_app.language import class_name, movement_name, say, say_count
from demo_app.render.text import percent, person_name
from fer_core.taxonomy import Taxonomy
from fer_core.video.events import Event, EventRule
from fer_core.video.person_summary import PersonSummary
from fer_core.video.series import NOT_SURE

MOST_TRANSITIONS = 5  # of a person on the page; the files have all
MOST_MOVEMENTS = 8  # likewise; the JSON file has all


def events_html(events: Sequence[Event], rule: EventRule) -> str:
    """The events of a video as a table; the begin of each is a button that goes there."""
    told = say_count(
        "video_review.events",
        len(events),
        rule=escape(f"{class_name(rule.emotion)} ≥ {percent(rule.threshold)}, {rule.seconds:g} s"),
    )
    if not events:
        return f"<p>{told}</p>"
    head = "".join(
        f"<th>{say(f'video_review.{name}')}</th>" for name in ("begin", "face", "lasts", "mean")
    )
    rows = "".join(
        f'<tr><td><button type="button" class="seek" data-time="{one.start:.3f}" '
        f'aria-label="{escape(say("video_review.go_to", time=f"{one.start:.1f}"))}">'
        f"{_clock(one.start)}</button></td><td>{escape(person_name(one.face, one.person))}</td>"
        f"<td>{one.end - one.start:.1f} s</td><td>{percent(one.mean)}</td></tr>"
        for one in events
    )
    return f'<p>{told}</p><table class="events"><tr>{head}</tr>{rows}</table>'


def people_html(people: Sequence[PersonSummary], taxonomy: Taxonomy) -> str:
    """Each person's shares of time as a bar, and what most often followed what."""
    return "".join(_person(one, taxonomy) for one in people) or (
        f"<p>{say('video_review.nobody')}</p>"
    )


def movement_shares_html(
    people: Sequence[tuple[int, str, int, dict[str, float], float]],
) -> str:
    """In which share of the frames each person shows a movement, or is turned too far.

    Args:
        people: number, person, frames that are counted, share by movement, share turned too far.
    """
    lines = []
    for face, person, frames, shares, turned in people:
        who = f"<b>{escape(person_name(face, person))}</b>"
        told = say("movements.share", frames=say_count("video.frames", frames))
        names = ", ".join(
            f"{escape(movement_name(name))} {percent(share)}"
            for name, share in list(shares.items())[:MOST_MOVEMENTS]
        )
        parts = [names or say("movements.none")]
        if turned:
            parts.append(say("movements.turned_share", share=percent(turned)))
        lines.append(f"<p>{who} · {told} {'; '.join(parts)}</p>")
    return f'<div class="person">{"".join(lines)}</div>' if lines else ""


def _person(one: PersonSummary, taxonomy: Taxonomy) -> str:
    parts = "".join(
        f'<i style="width:{100 * share:.2f}%;background:{_colour(name, taxonomy)}"></i>'
        for name, share in one.shares.items()
    )
    shares = ", ".join(
        f"{escape(class_name(name))} {percent(share)}" for name, share in one.shares.items()
    )
    most = list(one.transitions.items())[:MOST_TRANSITIONS]
    followed = ", ".join(
        f"{escape(class_name(before))} → {escape(class_name(after))} ({count})"
        for (before, after), count in most
    )
    transitions = followed or say("video_review.no_transition")
    who = escape(person_name(one.face, one.person))
    seen = say("video_review.seen", who=who, seconds=f"{one.seconds:.1f}")
    return (
        f'<div class="person"><p><b>{seen}</b> {shares}</p><div class="share" aria-hidden="true">'
        f"{parts}</div><p>{say('video_review.transitions')} {transitions}</p></div>"
    )


def _colour(name: str, taxonomy: Taxonomy) -> str:
    return "transparent" if name == NOT_SURE else taxonomy.colour_of(name)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{minutes:.0f}:{rest:04.1f}"
