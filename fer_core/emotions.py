"""The emotion taxonomy: names, colours, and the label numbers of every supported data set.

One class order serves the whole project: the column order of the FER+ votes (Barsoum et al.,
ICMI 2016), so that the seven basic expressions are a prefix of the eight classes with contempt.
"""

import difflib
import re
import unicodedata
from typing import NamedTuple


class Emotion(NamedTuple):
    """One class of the taxonomy.

    Attributes:
        name: the noun used everywhere in the project, for example ``happiness``.
        colour: fixed display colour, ``#rrggbb``; the same in every chart and overlay.
        emoji: one pictograph for compact displays.
    """

    name: str
    colour: str
    emoji: str


EMOTIONS: tuple[Emotion, ...] = (
    Emotion("neutral", "#7f8c9b", "😐"),
    Emotion("happiness", "#e8a600", "😄"),
    Emotion("surprise", "#e8590c", "😮"),
    Emotion("sadness", "#1971c2", "😢"),
    Emotion("anger", "#d6293e", "😠"),
    Emotion("disgust", "#4c9a2a", "🤢"),
    Emotion("fear", "#7048e8", "😨"),
    Emotion("contempt", "#a0522d", "😏"),
)

EIGHT_CLASSES: tuple[str, ...] = tuple(emotion.name for emotion in EMOTIONS)
SEVEN_CLASSES: tuple[str, ...] = EIGHT_CLASSES[:7]
COLOURS: dict[str, str] = {emotion.name: emotion.colour for emotion in EMOTIONS}
EMOJI: dict[str, str] = {emotion.name: emotion.emoji for emotion in EMOTIONS}

# What each data set writes in its label column -> our class name.
RAFDB_LABELS: dict[int, str] = {
    1: "surprise",
    2: "fear",
    3: "disgust",
    4: "happiness",
    5: "sadness",
    6: "anger",
    7: "neutral",
}
FER2013_LABELS: dict[int, str] = {
    0: "anger",
    1: "disgust",
    2: "fear",
    3: "happiness",
    4: "sadness",
    5: "surprise",
    6: "neutral",
}
AFFECTNET_LABELS: dict[int, str] = {
    0: "neutral",
    1: "happiness",
    2: "sadness",
    3: "surprise",
    4: "fear",
    5: "disgust",
    6: "anger",
    7: "contempt",
}
# FER+ has votes, not labels: the columns of fer2013new.csv in their order. The last two are no
# expressions: the rater could not tell, and the image is not a face.
FERPLUS_VOTES: tuple[str, ...] = (*EIGHT_CLASSES, "unknown", "NF")

ALIASES: dict[str, str] = {
    "neutrality": "neutral",
    "happy": "happiness",
    "joy": "happiness",
    "surprised": "surprise",
    "suprise": "surprise",
    "suprised": "surprise",
    "sad": "sadness",
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "contemptuous": "contempt",
}
# Misspellings that published data sets have. They are read as the emotion wherever every other
# name of the set is one as well, and are doubtful beside classes of another kind.
MISSPELT = frozenset({"suprise", "suprised"})

LIKENESS = 0.75  # of two words (difflib's ratio) from which one may be the other misspelt
_NOUNS = frozenset({"face", "faces", "expression", "expressions", "emotion", "emotions"})


def class_names(count: int) -> tuple[str, ...]:
    """Class names in the project's order.

    Args:
        count: 7 (basic expressions and neutral) or 8 (with contempt).

    Raises:
        ValueError: for any other count.
    """
    if count not in (7, 8):
        raise ValueError(f"classes must be 7 or 8 (with contempt), got {count}")
    return EIGHT_CLASSES[:count]


def canonical_name(text: str) -> str:
    """The class name that ``text`` stands for, as `find_emotion` understands it.

    Raises:
        ValueError: when the text names no emotion of the taxonomy.
    """
    name = find_emotion(text)
    if name is None:
        known = ", ".join(EIGHT_CLASSES)
        aliases = ", ".join(sorted(ALIASES))
        raise ValueError(f"unknown emotion {text!r}: use one of {known} (or {aliases})")
    return name


def find_emotion(text: str) -> str | None:
    """The emotion that a text names, or None: ``Angry faces`` is anger.

    Understood are any case, blanks, ``_``, ``-`` and ``.`` between words, plurals, the aliases, a
    number before the emotion (``0_neutral``), and a noun as ``faces`` or ``expression`` after it.
    """
    words = _words(text)
    if len(words) > 1 and words[0].isdecimal():
        words = words[1:]  # 0_neutral
    while len(words) > 1 and words[-1] in _NOUNS:
        words = words[:-1]
    return _emotion_of(words[0]) if len(words) == 1 else None


def near_emotion(text: str) -> str | None:
    """The emotion that a text may mean although it does not name it, or None.

    Near is a misspelt emotion (``hapy``, ``suprised``), and a text of several words of which one is
    an emotion (``not happy``).
    """
    words = _words(text)
    found = find_emotion(text)
    if found is not None:
        return found if words[0] in MISSPELT else None
    named = [name for name in map(_emotion_of, words) if name]
    if named:
        return named[0]
    likely = difflib.get_close_matches("".join(words), (*EIGHT_CLASSES, *ALIASES), 1, LIKENESS)
    return ALIASES.get(likely[0], likely[0]) if likely else None


def _words(text: str) -> list[str]:
    return re.split(r"[\s_.\-]+", unicodedata.normalize("NFKC", text).casefold().strip(" \t_.-"))


def _emotion_of(word: str) -> str | None:
    """The emotion that one word names, in the singular or the plural."""
    singular = f"{word[:-3]}y" if word.endswith("ies") else word
    for form in (word, word.removesuffix("s"), singular):
        name = ALIASES.get(form, form)
        if name in EIGHT_CLASSES:
            return name
    return None
