"""What a model is made of, read from the export that serves: layers, shapes, parameters, and the weights themselves.

Arrays are looked at where they lie: an export is a ZIP of plain `.npy` members, so that one array's numbers are mapped
from the file and a sample of them read, however many hundred megabytes the model has.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from recsys_assets.serving.app.facts.champions import LEARNED, Champion, is_weight

SAMPLED = 200_000
"""Weights of a histogram, at most; a larger array is sampled evenly."""
BINS = 60
_LOCAL_HEADER = 30
"""Bytes of a ZIP member's header before its name (APPNOTE 4.3.7)."""


@dataclass(frozen=True)
class Layer:
    """Arrays that belong together: `network.body.out` has `weight` and `bias`."""

    name: str
    kind: str
    arrays: dict[str, tuple[int, ...]]
    """Whole name -> shape."""

    @property
    def parameters(self) -> int:
        return sum(prod(shape) for shape in self.arrays.values())

    @property
    def shapes(self) -> str:
        last = {name.rpartition(".")[2]: shape for name, shape in self.arrays.items()}
        return ", ".join(f"{name} {' × '.join(f'{n:,}' for n in shape) or 'a number'}" for name, shape in last.items())


@dataclass(frozen=True)
class Part:
    """One of the models of a model; of a plain model there is one, with no name."""

    name: str
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)


@dataclass(frozen=True)
class Weights:
    """What a histogram shows of one array."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    mean: float
    deviation: float
    low: float
    high: float
    zeros: float
    """Share."""
    sampled: int
    size: int


def parts_of(champion: Champion) -> list[Part]:
    """In the order in which the export holds them: a network's modules as data flows through them."""
    found: dict[str, dict[str, dict[str, tuple[int, ...]]]] = {}
    for name in _in_file_order(champion):
        own = name.removeprefix(LEARNED)
        part = own.split(".")[1] if own.startswith("parts.") else ""
        inner = own.removeprefix(f"parts.{part}.") if part else own
        layer = inner.rpartition(".")[0] or inner
        found.setdefault(part, {}).setdefault(layer, {})[name] = champion.shapes[name]
    return [
        Part(part, tuple(Layer(layer, _kind(layer, arrays), arrays) for layer, arrays in layers.items()))
        for part, layers in found.items()
    ]


def known_of(champion: Champion) -> tuple[int, int, int]:
    """Users, movies and ratings that the export knows."""
    first = {name: shape[0] if shape else 0 for name, shape in champion.shapes.items()}
    return first.get("users", 0), first.get("movies", 0), first.get("history.movies", 0)


def weights_of(path: Path, array: str) -> Weights | None:
    """Of one array of an export; None where it holds no finite number."""
    values = mapped(path / "arrays.npz", array).reshape(-1)
    step = max(1, -(-len(values) // SAMPLED))
    sample = np.asarray(values[::step], dtype=np.float64)
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        return None
    counts, edges = np.histogram(sample, BINS)
    return Weights(
        tuple(edges.tolist()),
        tuple(counts.tolist()),
        float(sample.mean()),
        float(sample.std()),
        float(sample.min()),
        float(sample.max()),
        float((sample == 0).mean()),
        len(sample),
        len(values),
    )


def mapped(npz: Path, array: str) -> NDArray[np.generic]:
    """An array of an uncompressed `.npz`, mapped read-only from the file."""
    with zipfile.ZipFile(npz) as members, npz.open("rb") as file:
        member = members.getinfo(f"{array}.npy")
        if member.compress_type != zipfile.ZIP_STORED:
            return np.asarray(np.load(npz, allow_pickle=False)[array])
        file.seek(member.header_offset)
        header = file.read(_LOCAL_HEADER)
        names, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        file.seek(member.header_offset + _LOCAL_HEADER + names + extra)
        version = npy.read_magic(file)
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = reader(file)
        if not prod(shape):
            return np.empty(shape, dtype)
        return np.memmap(npz, dtype, "r", file.tell(), shape, "F" if fortran else "C")


def _in_file_order(champion: Champion) -> list[str]:
    try:
        with zipfile.ZipFile(champion.path / "arrays.npz") as members:
            names = [name.removesuffix(".npy") for name in members.namelist()]
    except (OSError, zipfile.BadZipFile):
        names = list(champion.shapes)
    return [name for name in names if is_weight(name) and name in champion.shapes]


def _kind(layer: str, arrays: dict[str, tuple[int, ...]]) -> str:
    """What the names and shapes say; a guess that is no worse than them."""
    last = {name.rpartition(".")[2]: shape for name, shape in arrays.items()}
    own = layer.rpartition(".")[2]
    if any(name.startswith("weight_hh") for name in last):
        return "recurrent cells"
    if "weight" in last and len(last["weight"]) == 1:
        return "normalization"
    if "weight" in last and len(last["weight"]) == 2:
        through = "bias" in last or "attention" in layer or "linear" in own or own.isdigit()
        return "linear" if through else "embedding"
    if "vectors" in last or own.endswith("factors"):
        return "a vector each"
    if own.endswith("bias") or own in ("mean", "prior", "votes", "total", "popularity", "deviation"):
        return "a number each"
    if own == "weights" and len(next(iter(last.values()))) == 2:
        return "movie to movie"
    if own in ("data", "weights_data"):
        return "sparse, movie to movie"
    return "numbers"


TABLES = ("a vector each", "a number each", "movie to movie", "sparse, movie to movie", "numbers")
"""Kinds of layers that are looked up, not passed through."""
HEADS = ("value", "phi", "pair_numbers", "pair_state", "pair_out", "outputs")
"""Of an agent's network: side by side, each on top of the trunk."""
MOST_COLUMNS, LONGEST_COLUMN = 3, 7
"""Parts whose layers are drawn too, and how many of each."""


@dataclass(frozen=True)
class Row:
    """Boxes beside one another: a name and what it is each."""

    boxes: tuple[tuple[str, str] | None, ...]
    straight: bool = False
    """Each box follows the one above it in its column, where None is an end; else every one follows every one above."""

    @property
    def told(self) -> str:
        return " and ".join(box[0] for box in self.boxes if box is not None)


def flow(parts: Sequence[Part]) -> list[Row]:
    """Rows of the drawing: of a model of models its parts, a column each, and what puts them together; of a plain one
    what it looks up, then its layers, then the heads of an agent's network.
    """
    if len(parts) > 1 or (parts and parts[0].name):
        return _columns(parts)
    layers = parts[0].layers if parts else ()
    own = [layer for layer in layers if layer.kind in TABLES]
    heads = [layer for layer in layers if layer.name.rpartition(".")[2] in HEADS]
    through = [layer for layer in layers if layer not in own and layer not in heads]
    rows = [Row(tuple(_box(layer, short=True) for layer in own))] if own else []
    rows += [Row((_box(layer),)) for layer in through]
    return [*rows, Row(tuple(_box(layer, short=True) for layer in heads))] if heads else rows


def _columns(parts: Sequence[Part]) -> list[Row]:
    named = [p for p in parts if p.name]
    rows = [Row(tuple((p.name, f"{p.parameters:,}") for p in named))]
    if len(named) <= MOST_COLUMNS:
        columns = [_shortened([_box(layer, short=True) for layer in p.layers]) for p in named]
        rows += [Row(boxes, straight=True) for boxes in zip_longest(*columns)]
    own = sum(p.parameters for p in parts if not p.name)
    return [*rows, Row((("put together", f"by {own:,} numbers of its own"),))] if own else rows


def _shortened(boxes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    left = len(boxes) - LONGEST_COLUMN
    if left <= 1:
        return boxes
    return [*boxes[: LONGEST_COLUMN - 2], (f"{left + 1} more", "in the table"), boxes[-1]]


def largest(parts: Sequence[Part]) -> list[str]:
    """Arrays of more than one number, the largest first."""
    sizes = {name: prod(shape) for p in parts for layer in p.layers for name, shape in layer.arrays.items() if shape}
    return sorted(sizes, key=lambda name: -sizes[name])


def _box(layer: Layer, *, short: bool = False) -> tuple[str, str]:
    name = layer.name.removeprefix("network.").removeprefix("policy.array.").removeprefix("policy.")
    return name, f"{layer.parameters:,}" if short else f"{layer.kind}, {layer.parameters:,}"
