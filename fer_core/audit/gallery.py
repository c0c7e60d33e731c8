"""The gallery of an audit: one HTML file to keep, relabel or drop images by keyboard.

The file holds thumbnails of the images, so it belongs on the machine where the data set is; it
loads nothing and sends nothing. Its decisions are the CSV that ``fer-core audit FOLDER
--decisions`` takes.
"""

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from fer_core.audit.folder import DAMAGED, GALLERY_FILE, THUMBNAILS_FILE, AuditError
from fer_core.audit.result import Audit
from fer_core.io.files import displayed, write_whole

TEMPLATE = Path(__file__).with_name("gallery.html")


class Thumbnails(NamedTuple):
    """Small copies of some images of an audit.

    Attributes:
        names: n images.
        pixels: (n, h, w, 1 or 3) uint8.
    """

    names: tuple[str, ...]
    pixels: np.ndarray


def shown_rows(audit: Audit, count: int) -> np.ndarray:
    """Positions of the images that a gallery shows, the most suspicious first.

    Args:
        audit: what was found.
        count: so many by rank; and, of whole groups of copies with different labels, those with
            the most suspicious images, at most as many images again.
    """
    ranks = audit.ranks
    wanted, copies = set(audit.order[:count].tolist()), 0
    for group in sorted(audit.duplicates, key=lambda group: ranks[list(group)].min()):
        copies += len(group)
        if copies > count:
            break
        wanted |= set(group)
    return np.array(sorted(wanted, key=lambda row: ranks[row]), np.int64)


def write_gallery(folder: str | Path, audit: Audit, thumbnails: Thumbnails) -> Path:
    """Write ``gallery.html`` and ``thumbnails.npz`` into the folder of an audit.

    Args:
        folder: must exist.
        audit: what was found.
        thumbnails: of the images to show.

    Returns:
        The gallery.
    """
    folder = Path(folder)
    stream = io.BytesIO()
    np.savez_compressed(stream, names=np.array(thumbnails.names), pixels=thumbnails.pixels)
    write_whole(folder / THUMBNAILS_FILE, stream.getvalue())
    text = gallery_html(audit, thumbnails, displayed(folder))
    write_whole(folder / GALLERY_FILE, text.encode())
    return folder / GALLERY_FILE


def read_thumbnails(folder: str | Path) -> Thumbnails | None:
    """The thumbnails in the folder of an audit; None where there are none.

    Raises:
        AuditError: for a damaged file.
    """
    file = Path(folder) / THUMBNAILS_FILE
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as archive:
            names, pixels = archive["names"], archive["pixels"]
    except (KeyError, *DAMAGED) as error:
        raise AuditError(f"{displayed(file)} is damaged: {error!r}") from error
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) != len(names):
        raise AuditError(f"{displayed(file)} is damaged: pixels of the shape {pixels.shape}")
    return Thumbnails(tuple(str(name) for name in names), pixels)


def gallery_html(audit: Audit, thumbnails: Thumbnails, folder: str) -> str:
    """The page, with its images inside.

    Args:
        audit: what was found.
        thumbnails: of the images to show, in the order of the page.
        folder: of the audit, as the page names it in the next command.

    Raises:
        AuditError: for a thumbnail of an image that the audit does not have.
    """
    places = {name: place for place, name in enumerate(audit.names)}
    foreign = [name for name in thumbnails.names if name not in places]
    if foreign:
        raise AuditError(
            f"{THUMBNAILS_FILE} in {folder} is not of this audit, which has no image "
            f"{foreign[0]!r}: write the audit again with fer-core audit"
        )
    ranks, class_ranks = audit.ranks, audit.class_ranks
    items = []
    for name, pixels in zip(thumbnails.names, thumbnails.pixels, strict=True):
        row = places[name]
        items.append(
            {
                "image": name,
                "label": int(audit.noisy_labels[row]),
                "suggested": int(audit.suggested_labels[row]),
                "truth": None if audit.true_labels is None else int(audit.true_labels[row]),
                "chances": [round(float(value), 4) for value in audit.probabilities[row]],
                "votes": None if audit.votes_against is None else float(audit.votes_against[row]),
                "rank": int(ranks[row]),
                "class_rank": int(class_ranks[row]),
                "flagged": bool(audit.flagged[row]),
                "pixels": png_address(pixels),
            }
        )
    shown = set(thumbnails.names)
    by_rank = 0  # the images from the first rank on without a gap; the others are copies
    while by_rank < len(items) and items[by_rank]["rank"] == by_rank + 1:
        by_rank += 1
    groups = ([audit.names[row] for row in group] for group in audit.duplicates)
    told = audit.facts.get("data") or {}
    values = {
        "title": told.get("name", ""),
        "folder": folder,
        "key": f"fer-audit-{_digest(audit)}",
        "images": len(audit.names),
        "classes": list(audit.classes),
        "ranking": audit.ranking,
        "items": items,
        "grid": by_rank,
        "groups": len(audit.duplicates),
        "copies": [group for group in groups if shown.issuperset(group)],
    }
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # No name can end the element that holds the values, nor begin a comment in it.
    return TEMPLATE.read_text("utf-8").replace("@DATA@", text.replace("<", "\\u003c"), 1)


def png_address(pixels: np.ndarray) -> str:
    """An (h, w, 1 or 3) uint8 image as a ``data:`` address."""
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _digest(audit: Audit) -> str:
    """Tells audits of other images or labels apart: each has decisions of its own in a browser."""
    text = json.dumps([audit.names, audit.noisy_labels.tolist(), audit.classes])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
