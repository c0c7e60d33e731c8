"""Who is who in a video: tracks that are one person, and names, as the visitor says.

Nothing is compared, and nothing leaves the session: the visitor looks at the faces, and the table
of the analysis is numbered and named anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from demo_app.analysis.video import VideoResult
from demo_app.analysis.video_report import sentences, summary_html
from demo_app.analysis.video_table import PERSON, summarise_faces
from demo_app.language import say
from demo_app.render.text import person_name
from fer_core.errors import FerError
from fer_core.video.series import person_label

LONGEST_NAME = 60  # characters


class PeopleError(FerError, ValueError):
    """Faces that cannot be one person, or a name that cannot be given."""


@dataclass(frozen=True)
class People:
    """What a visitor has said of the faces of a video.

    Attributes:
        merged: face -> the lower number of the person that it belongs to.
        names: number -> name of the person.
    """

    merged: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    def person(self, face: int) -> str:
        """Who a face is, as the files say it."""
        return person_label(face, self.names.get(face, ""))


def with_people(result: VideoResult, people: People) -> VideoResult:
    """A result whose table, summary and sentences follow what the visitor said.

    The annotated video keeps the numbers that are drawn in it.

    Args:
        result: of the analysis, as it was first.
        people: of its faces.
    """
    if people == People():
        return result
    faces = [people.merged.get(face, face) for face in result.table["face"].tolist()]
    persons = [people.person(face) for face in faces]
    table = result.table.assign(**{"face": faces, PERSON: persons})
    table = table.sort_values(["frame", "face"], kind="stable", ignore_index=True)
    found = summarise_faces(table, tuple(result.summary["classes"]))
    summary = {**result.summary, "faces": found}
    told, shown = " ".join(sentences(summary)), summary_html(summary, result.taxonomy)
    return replace(result, table=table, summary=summary, sentence=told, summary_html=shown)


def rename(result: VideoResult, people: People, chosen: Sequence[int], name: str) -> People:
    """One face named; without a name it is called by its number again.

    Args:
        result: of the analysis, as it was first.
        people: what was said before.
        chosen: numbers of faces, of which there must be one.
        name: of the person.

    Raises:
        PeopleError: when more or less than one face is chosen, or the name is too long or given.
    """
    if len(chosen) != 1:
        raise PeopleError(say("video_people.choose_one"))
    (face,) = chosen
    return _named(result, people, face, name)


def merge(result: VideoResult, people: People, chosen: Sequence[int], name: str) -> People:
    """Two or more faces made one person, which has the lowest of their numbers.

    Args:
        result: of the analysis, as it was first.
        people: what was said before.
        chosen: numbers of faces.
        name: of the person; without one, that of the first of them that has one.

    Raises:
        PeopleError: when fewer than two faces are chosen, two of them are seen at the same time, or
            the name is too long or given.
    """
    if len(chosen) < 2:
        raise PeopleError(say("video_people.choose_two"))
    _check_apart(with_people(result, people), chosen)
    first, *others = sorted(chosen)
    earlier = {face: first for face, person in people.merged.items() if person in others}
    merged = {**people.merged, **earlier, **dict.fromkeys(others, first)}
    known = [people.names[face] for face in sorted(chosen) if face in people.names]
    names = {face: one for face, one in people.names.items() if face not in chosen}
    taken = name if name.strip() else next(iter(known), "")
    return _named(result, People(merged, names), first, taken)


def _named(result: VideoResult, people: People, face: int, name: str) -> People:
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise PeopleError(
            say("video_people.too_long", count=len(name), most=LONGEST_NAME, name=name[:20])
        )
    names = {other: given for other, given in people.names.items() if other != face}
    named = People(people.merged, {**names, face: name} if name else names)
    for other in faces_of(with_people(result, named)):
        if other != face and named.person(other) == named.person(face):
            raise PeopleError(say("video_people.given", name=name))
    return named


def _check_apart(result: VideoResult, chosen: Sequence[int]) -> None:
    """One person is in one place at a time."""
    seen = result.table[result.table["face"].isin(chosen)].sort_values(["frame", "face"])
    columns = (seen[name].tolist() for name in ("frame", "face", PERSON, "time_s"))
    for (frame, *one, time), (next_frame, *other, _) in pairwise(zip(*columns, strict=True)):
        if frame == next_frame:
            who = {"one": person_name(*one), "other": person_name(*other)}
            raise PeopleError(say("video_people.together", **who, time=f"{time:.1f}"))


def faces_of(result: VideoResult) -> dict[int, str]:
    """The people of a result in the visitor's language, by number."""
    firsts = result.table.drop_duplicates("face").sort_values("face")
    pairs = zip(firsts["face"], firsts[PERSON], strict=True)
    return {int(face): person_name(int(face), str(person)) for face, person in pairs}
