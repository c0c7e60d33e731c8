"""What the faces of a video do: moment by moment beside it, and summed up for each person."""

from collections import Counter
from typing import Any, NamedTuple

import pandas as pd

from demo_app.analysis.video_table import MOVEMENTS, PERSON
from demo_app.render.movements import moment_text, moments_panel
from demo_app.render.text import person_name
from fer_core.landmarks.analysis import HeadPose

HOLDS = 2.5  # sampling periods for which a moment is shown when no other follows it


class MovementSummary(NamedTuple):
    """What one person does in the frames in which the landmarker sees the face.

    Attributes:
        face: number of the person.
        person: as in the files.
        frames: that are counted.
        shares: of these in which each movement is seen, the largest first.
        turned: share of these in which the face is turned too far for the emotion model.
    """

    face: int
    person: str
    frames: int
    shares: dict[str, float]
    turned: float

    def to_dict(self) -> dict[str, Any]:
        """The summary for JSON, its numbers rounded."""
        return {
            "face": self.face,
            "person": self.person,
            "frames": self.frames,
            "share_of_frames": {name: round(share, 4) for name, share in self.shares.items()},
            "turned_too_far": round(self.turned, 4),
        }


def has_movements(table: pd.DataFrame) -> bool:
    """Whether the faces of a table were analysed, see `video_table.tabulate`."""
    return MOVEMENTS[0] in table


def summarise_movements(table: pd.DataFrame) -> list[MovementSummary]:
    """The summary of each person; none where faces were not analysed.

    Args:
        table: without the rows that are left out.
    """
    if not has_movements(table):
        return []
    found = []
    for number, seen in table.dropna(subset=["movements"]).groupby("face"):
        counted = Counter(
            name for text in seen["movements"] for name in str(text).split(", ") if name
        )
        shares = {name: count / len(seen) for name, count in counted.most_common()}
        turned = float((seen["note"] != "").mean())
        face, person = int(str(number)), str(seen[PERSON].iloc[0])
        found.append(MovementSummary(face, person, len(seen), shares, turned))
    return found


def follow_movements(table: pd.DataFrame, period: float) -> str:
    """The panel that tells what the faces do where the video is; empty without an analysis.

    Args:
        table: of the analysis.
        period: seconds between two analysed frames.
    """
    if not has_movements(table):
        return ""
    texts: dict[tuple[str, str], int] = {}
    moments: dict[float, list[int]] = {}
    columns = ["time_s", "face", PERSON, "movements", "note", *HeadPose._fields]
    values = zip(*(table[name].tolist() for name in columns), strict=True)
    for time, face, person, movements, note, *pose in values:
        if isinstance(movements, str):
            said = moment_text(movements, HeadPose(*pose), turned=bool(note))
        else:  # the landmarker saw no face
            said = moment_text(None, None)
        number = texts.setdefault((person_name(face, person), said), len(texts))
        moments.setdefault(time, []).append(number)
    return moments_panel(list(texts), list(moments.items()), HOLDS * period)
