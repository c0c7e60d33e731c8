"""What the file of an analysis says of it: whether another analysis may go on from there."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fer_core.video.reader import Video

ENDS = 1 << 20  # bytes at either end of a video by which it is known: hours have gigabytes
OPTIONAL = frozenset({"landmarks", "maps"})  # facts that only some analyses have


def analysis_facts(
    video: Video,
    classes: Sequence[str],
    *,
    model: str,
    weights: str,
    landmarks: bool = False,
    maps: bool = False,
) -> dict[str, Any]:
    """The facts of an analysis, for the first line of its file.

    Args:
        video: the video; its rate is a fact, too.
        classes: of the model, in the order of the probabilities.
        model: its name.
        weights: digest of its weights; empty where that is not known.
        landmarks: whether faces have an analysis.
        maps: whether faces have their attention maps.
    """
    return {
        "bytes": video.path.stat().st_size,
        "ends_sha256": ends_digest(video.path),
        "rate": video.rate,
        "model": model,
        "weights_sha256": weights,
        "classes": list(classes),
        **({"landmarks": True} if landmarks else {}),
        **({"maps": True} if maps else {}),
    }


def ends_digest(path: Path) -> str:
    """SHA-256 of the first and the last `ENDS` bytes of a file."""
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(ENDS))
        file.seek(max(0, path.stat().st_size - ENDS))
        digest.update(file.read(ENDS))
    return digest.hexdigest()


def describe_other(found: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """What an earlier analysis is of that this one is not, such as "another video".

    Maps are not compared: an analysis with them serves one without.

    Args:
        found: facts in the file of the earlier analysis.
        facts: of this analysis.

    Returns:
        Words that follow "is of"; empty where there is no difference.
    """

    def differs(*names: str) -> bool:
        return any(name in found and found[name] != facts[name] for name in names)

    others = []
    if differs("bytes", "ends_sha256"):
        others.append("another video")
    if differs("rate"):
        others.append(f"another rate ({found['rate']:g}, now {facts['rate']:g})")
    if differs("model"):
        others.append(f"another model ({found['model']}, now {facts['model']})")
    elif differs("weights_sha256", "classes"):
        others.append(f"the model {facts['model']} before its weights or classes changed")
    if found.get("landmarks") != facts.get("landmarks"):
        others.append(f"an analysis with{'' if found.get('landmarks') else 'out'} --landmarks")
    if facts.keys() - found.keys() - OPTIONAL:
        others.append("an earlier version of fer-core, which did not note the weights")
    elif found.keys() - facts.keys() - OPTIONAL:
        others.append("a later version of fer-core")
    return ", ".join(others)
