"""Graph models of TensorFlow.js: a ``.json`` with the graph and a manifest, and ``.bin`` files.

The manifest lists groups of ``paths`` and ``weights``. The files of a group, one after the other,
hold its tensors without gaps, each little-endian and in row-major order, as its ``dtype`` and
``shape`` say. Quantised tensors are refused: their values are not the network's own.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import FerError

DTYPES = {"float32": "<f4", "int32": "<i4"}


class ForeignWeightsError(FerError, ValueError):
    """A file of another project that does not hold the weights of the backbone."""


@dataclass(frozen=True)
class Node:
    """An operation of the graph.

    Attributes:
        name: of the node.
        op: TensorFlow's name of the operation.
        inputs: names of the nodes that it reads.
        attributes: as the file has them.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class GraphModel:
    """A graph and its constants.

    Attributes:
        nodes: by their names.
        tensors: by the names of their nodes.
        generated_by: the project that the file says it is from; may be empty.
        sha256: of the files with the weights, one after the other.
    """

    nodes: Mapping[str, Node]
    tensors: Mapping[str, np.ndarray]
    generated_by: str
    sha256: str


def read_graph_model(file: Path) -> GraphModel:
    """Read a graph model, with the weights beside it.

    Args:
        file: the ``.json``; the files that its manifest names are expected in the same folder.

    Raises:
        ForeignWeightsError: when it is not a graph model, weights are missing, quantised or of an
            unknown type, or the files are longer or shorter than the manifest says.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ForeignWeightsError(f"{file} holds no JSON that can be read: {error}") from error
    if not isinstance(content, dict) or content.get("format") != "graph-model":
        raise ForeignWeightsError(
            f"{file} is not a graph model of TensorFlow.js: its format must be graph-model"
        )
    try:
        nodes = [_read_node(entry) for entry in content["modelTopology"]["node"]]
        tensors: dict[str, np.ndarray] = {}
        digest = hashlib.sha256()
        for group in content["weightsManifest"]:
            data = b"".join(_read_part(file, str(path)) for path in group["paths"])
            digest.update(data)
            tensors |= _split(file, group["weights"], data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ForeignWeightsError(
            f"{file} has an incomplete graph or manifest: {error!r}"
        ) from error
    return GraphModel(
        {node.name: node for node in nodes},
        tensors,
        str(content.get("generatedBy", "")),
        digest.hexdigest(),
    )


def _read_node(entry: Mapping[str, Any]) -> Node:
    inputs = tuple(str(name).removesuffix(":0") for name in entry.get("input", ()))
    return Node(str(entry["name"]), str(entry["op"]), inputs, entry.get("attr", {}))


def _read_part(file: Path, path: str) -> bytes:
    if Path(path).name != path:
        raise ForeignWeightsError(f"{file} names weights in another folder: {path!r}")
    try:
        return file.with_name(path).read_bytes()
    except OSError as error:
        raise ForeignWeightsError(
            f"the weights {path} of {file.name} cannot be read: put it beside the .json ({error})"
        ) from error


def _split(file: Path, entries: list[Mapping[str, Any]], data: bytes) -> dict[str, np.ndarray]:
    """The tensors of one group."""
    tensors: dict[str, np.ndarray] = {}
    offset = 0
    for entry in entries:
        name, kind, shape = entry["name"], entry["dtype"], tuple(entry["shape"])
        if "quantization" in entry:
            stored = entry["quantization"].get("dtype")
            raise ForeignWeightsError(
                f"{file} has quantised weights ({name} is stored as {stored}): use the file with "
                "full float32 weights"
            )
        if kind not in DTYPES:
            raise ForeignWeightsError(
                f"{file}: {name} has the type {kind!r}; supported types: {', '.join(DTYPES)}"
            )
        size = math.prod(shape) * np.dtype(DTYPES[kind]).itemsize
        if size < 0 or offset + size > len(data):
            raise ForeignWeightsError(
                f"the weights of {file.name} end in {name}: {len(data):,} bytes are too few"
            )
        tensors[name] = np.frombuffer(data[offset : offset + size], DTYPES[kind]).reshape(shape)
        offset += size
    if offset != len(data):
        raise ForeignWeightsError(
            f"the manifest of {file.name} describes {offset:,} bytes, the weights have "
            f"{len(data):,}"
        )
    return tensors
