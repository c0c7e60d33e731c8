"""Data sets of the Hugging Face hub, and local parquet files and image folders in its form."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_core.datasets.base import (
    DataError,
    Decoding,
    ListedSplit,
    Listing,
    Problem,
    Source,
    existing_path,
    take_options,
)
from fer_core.datasets.huggingface_images import HubImages, row_name
from fer_core.datasets.naming import Naming, choose_naming
from fer_core.emotions import EIGHT_CLASSES
from fer_core.io.hub_reach import ask_hub_once

if TYPE_CHECKING:
    from datasets import Dataset

EXPECTED = """  hf:OWNER/NAME              a data set of huggingface.co/datasets
  hf:PATH                    a folder in that form
  PATH/train/angry/*.png ... PATH/test/angry/*.png ...
  PATH/data/train-00000-of-00001.parquet PATH/data/test-00000-of-00001.parquet"""


def list_hub_set(source: Source, _decoding: Decoding) -> Listing:
    """List a data set of the hub, downloaded on first use; its classes have training images.

    URI: ``hf:OWNER/NAME?train=train&test=test&image=image&label=label&config=&classes=``; ``test``
    is ``validation`` where it is not given and there is no split test. ``classes`` says what the
    labels are, ``as-is`` or ``emotions``; see `choose_naming`.

    Raises:
        DataError: when the library or the data set is absent, or splits, columns or class names
            cannot be used, or it is not clear whether they are emotions.
    """
    options = take_options(
        source, train="train", test="test", image="image", label="label", config="", classes=""
    )
    splits = _load(source, options["config"])
    train, test = options["train"], options["test"]
    if "test" not in source.options and "test" not in splits and "validation" in splits:
        test = "validation"
    for name in (train, test):
        if name not in splits:
            raise DataError(
                f"{source.path} has no split {name!r}; its splits: {', '.join(splits)}. Choose "
                "with ?train=NAME&test=NAME"
            )
    if train == test:
        raise DataError(f"train and test of {source.path} must be two splits, got {train!r} twice")
    texts = {name: _label_texts(splits[name], name, options["label"]) for name in (train, test)}
    words = {text for split in texts.values() for text in split if text}
    naming = choose_naming(source, options["classes"], words, "labels")
    classes = _classes(source, naming, texts[train])
    problems: list[Problem] = []
    train_split, eval_split = (
        _list_split(splits[name], name, options["image"], texts[name], naming, classes, problems)
        for name in (train, test)
    )
    path = source.path or Path()
    return Listing(
        name=path.resolve().stem if path.exists() else path.as_posix(),
        classes=classes,
        train=train_split,
        eval=eval_split,
        problems=tuple(problems),
        found_classes=True,
    )


def _load(source: Source, config: str) -> dict[str, "Dataset"]:
    """The splits of the data set, by name."""
    path = source.path
    if path is None or not _may_be_id(path):
        path = existing_path(source, EXPECTED, "folder or OWNER/NAME of the hub")
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            "data sets of the Hugging Face hub need its library: pip install 'fer-core[hf]'"
        ) from error
    if path.is_file():
        raise DataError(f"{path} is a file: name the folder of all splits. Expected:\n{EXPECTED}")
    loaded: Any
    reached = path.exists() or ask_hub_once(f"the data set {path.as_posix()}")
    try:
        with _quiet(datasets):
            if (path / "dataset_dict.json").is_file():
                loaded = datasets.load_from_disk(str(path))
            else:
                place = str(path) if path.exists() else path.as_posix()
                loaded = datasets.load_dataset(place, config or None)
    except Exception as error:  # whatever a reader of some file format raises
        if not reached:
            raise DataError(
                f"the Hub cannot be reached, and its data set {path.as_posix()} has not been "
                "downloaded before: check the network, or name a folder that exists"
            ) from error
        hint = "" if path.exists() else " (hf: takes the hub's OWNER/NAME, or a path that exists)"
        raise DataError(f"{path} cannot be loaded: {error}{hint}. Expected:\n{EXPECTED}") from error
    return {str(name): split for name, split in loaded.items()}


def _may_be_id(path: Path) -> bool:
    """Whether this can be the name of a data set of the hub: NAME or OWNER/NAME."""
    return not path.is_absolute() and len(path.parts) <= 2 and not str(path).startswith(".")


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:  # noqa: ANN401 - a module
    """No progress bars of the library."""
    if datasets.are_progress_bars_disabled():
        yield
        return
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.enable_progress_bars()


def _label_texts(rows: "Dataset", split: str, column: str) -> list[str | None]:
    """The label of each row as text; None where there is none."""
    feature = _feature(rows, split, column, "label")
    values = rows[column][:]
    names = getattr(feature, "names", None)
    if names is not None:  # ClassLabel; -1 is its way to say that there is no label
        return [None if value is None or value < 0 else names[value] for value in values]
    if "string" in str(getattr(feature, "dtype", "")):
        return values
    raise DataError(
        f"column {column!r} of split {split} holds {feature}, but class names are needed, as a "
        "ClassLabel or as texts (angry, happy, ...); numbers alone do not say which class is which"
    )


def _feature(rows: "Dataset", split: str, column: str, option: str) -> object:
    if column not in rows.features:
        raise DataError(
            f"split {split} has no column {column!r}, but {', '.join(rows.features)}: name the "
            f"one that holds the {option}s, as ?{option}=COLUMN"
        )
    return rows.features[column]


def _classes(source: Source, naming: Naming, texts: list[str | None]) -> tuple[str, ...]:
    """The classes that have training images, in order."""
    words = sorted({text for text in texts if text})
    found = {name for name in (_class_of(naming, word) for word in words) if name}
    if len(found) < 2:
        what = "emotions" if naming.emotions else "classes"
        known = f". Known: {', '.join(EIGHT_CLASSES)}, and common names for them"
        raise DataError(
            f"{source.path} has training images of {len(found)} {what}, at least 2 are "
            f"needed; its labels: {', '.join(map(repr, words[:20]))}"
            f"{known if naming.emotions else ''}"
        )
    return naming.in_order(found)


def _class_of(naming: Naming, text: str) -> str | None:
    try:
        return naming.class_of(text)
    except ValueError:
        return None


def _list_split(
    rows: "Dataset",
    name: str,
    image: str,
    texts: list[str | None],
    naming: Naming,
    classes: tuple[str, ...],
    problems: list[Problem],
) -> ListedSplit:
    import datasets

    _feature(rows, name, image, "image")
    try:
        images = rows.select_columns([image]).cast_column(image, datasets.Image(decode=False))
    except Exception as error:  # pyarrow's and the library's own
        raise DataError(f"column {image!r} of split {name} holds no images: {error}") from error
    found = {text: _class_of(naming, text) for text in set(texts) if text}
    labels = np.full(len(texts), -1, np.int64)
    for index, text in enumerate(texts):
        named = found.get(text) if text else None
        if named in classes:
            labels[index] = classes.index(named)
            continue
        place = row_name(name, index)
        if not text:
            problems.append(Problem("label", place, f"{place} has no label"))
        elif named is not None:
            detail = f"{place} is {named}, which has no training images"
            problems.append(Problem("class", place, detail))
        elif naming.emotions:
            known = f"use one of {', '.join(EIGHT_CLASSES)} or a common name"
            problems.append(Problem("class", place, f"{place}: unknown emotion {text!r}: {known}"))
        else:
            detail = f"{place}: the label {text!r} must be printable text"
            problems.append(Problem("class", place, detail))
    kept = np.flatnonzero(labels >= 0)
    return ListedSplit(
        name,
        HubImages(images, image, name, kept),
        labels[kept],
        tuple(row_name(name, index) for index in kept.tolist()),
    )
