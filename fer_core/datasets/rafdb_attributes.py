"""Gender, race and age of RAF-DB's faces, one small file an image."""

from pathlib import Path

from fer_core.datasets.base import DataError

# The last three lines of a *_manu_attri.txt file, in this order.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "gender": ("male", "female", "unsure"),
    "race": ("Caucasian", "African-American", "Asian"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
}


def read_attributes(folder: Path, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Attribute -> the value of each image; nothing where there is no such folder.

    Args:
        folder: of the files.
        names: of the images in the official list.

    Raises:
        DataError: for a broken file.
    """
    if not folder.is_dir():
        return {}
    rows = [_read_attribute_file(folder / f"{Path(name).stem}_manu_attri.txt") for name in names]
    return dict(zip(ATTRIBUTES, zip(*rows, strict=True), strict=True))


def _read_attribute_file(path: Path) -> tuple[str, ...]:
    """Gender, race and age of one face; ``unknown`` where the face has no file."""
    if not path.is_file():
        return ("unknown",) * len(ATTRIBUTES)
    last = path.read_text(encoding="utf-8", errors="replace").split()[-len(ATTRIBUTES) :]
    try:
        columns = zip(last, ATTRIBUTES.values(), strict=True)
        return tuple(dict(enumerate(values))[int(text)] for text, values in columns)
    except (KeyError, ValueError) as error:
        allowed = ", ".join(f"{name} 0-{len(values) - 1}" for name, values in ATTRIBUTES.items())
        raise DataError(
            f"{path} must end with three numbers ({allowed}), got {' '.join(last)!r}"
        ) from error
