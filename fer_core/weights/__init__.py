"""The models that come with the project, a folder each.

``bundled`` is what ``Predictor()`` loads and is part of the wheel; the others, a pair trained on
the same noisy labels for demonstrations, are in the checkout alone.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
BUNDLED = FOLDER / "bundled"
RENAMED = {"embedded": "bundled", "noisy30-plain": "noisy30-baseline"}  # earlier names


def shipped_models() -> dict[str, Path]:
    """The folders of the models that are there, by name, the bundled model first."""
    names = sorted(path.parent.name for path in FOLDER.glob("*/config.json"))
    return {name: FOLDER / name for name in sorted(names, key=lambda name: name != BUNDLED.name)}


def renamed_folder(folder: Path) -> Path:
    """The same folder, or the present one of a shipped model that is named by an earlier folder."""
    name = RENAMED.get(folder.name)
    return FOLDER / name if name and folder.absolute().parent == FOLDER else folder
