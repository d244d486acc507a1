"""Strokes and snapshots as bytes, each with a checksum, so that what is torn is known as torn."""

from __future__ import annotations

import json
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds

#: What is painted on.
Target = Literal["labels", "ignore mask"]

#: A record is this, the length of its content and a checksum of both, and the content.
_START = b"nvR1"
_PREFIX = struct.Struct("<4sII")
_LENGTH = struct.Struct("<I")
#: What reading a record raises that is whole and still none of ours.
_NOT_OURS = KeyError, ValueError, TypeError, zlib.error


@dataclass(frozen=True, eq=False)
class Stroke:
    """One step as it is kept: its number, what was done, and the pixels it changed.

    Parameters
    ----------
    number : int
        Strokes are done again in this order, whichever file they are in.
    step : Step
        What was done, by whom and when.
    change : Change
        The pixels; empty where there is a note alone.
    target : {"labels", "ignore mask"}
        What they belong to.
    note : mapping
        What else is to be kept, such as that a tile is finished; plain values, as in JSON.
    """

    number: int
    step: Step
    change: Change
    target: Target = "labels"
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A part of an image as it was after a stroke.

    Parameters
    ----------
    number : int
        Of the last stroke that is in it.
    bounds : tuple of slice
        The part.
    pixels : ndarray
        Its labels.
    target : {"labels", "ignore mask"}
        What they belong to.
    """

    number: int
    bounds: Bounds
    pixels: NDArray[Any]
    target: Target = "labels"


def stroke_bytes(stroke: Stroke) -> bytes:
    """Return a stroke as a record, to be put at the end of a file."""
    step, change = stroke.step, stroke.change
    head = {
        "number": stroke.number,
        "target": stroke.target,
        "action": str(step.action),
        "annotator": step.annotator,
        "at": step.at.isoformat(),
        "seconds": step.seconds,
        "source": step.source,
        "note": dict(stroke.note),
        "n": len(change),
        "dtype": change.values.dtype.name,
    }
    steps = np.diff(change.at, prepend=0)  # mostly ones, which take little room
    return _record(head, _little(steps.astype(np.int64)) + _little(change.values))


def snapshot_bytes(snapshot: Snapshot) -> bytes:
    """Return a snapshot as a record, which is a file by itself."""
    head = {
        "number": snapshot.number,
        "target": snapshot.target,
        "bounds": [[b.start, b.stop] for b in snapshot.bounds],
        "dtype": snapshot.pixels.dtype.name,
    }
    return _record(head, _little(snapshot.pixels))


def read_strokes(content: bytes) -> list[Stroke]:
    """Read the strokes of a file, in its order.

    Parameters
    ----------
    content : bytes
        Of the whole file. What is not whole is left out, such as a record at the end that
        was being written when the process ended.

    Returns
    -------
    list of Stroke
        Their numbers tell whether one between them is missing.
    """
    strokes = []
    for payload in _records(content):
        with suppress(*_NOT_OURS):
            strokes.append(_stroke(payload))
    return strokes


def read_snapshot(content: bytes) -> Snapshot | None:
    """Read a snapshot; None where it is not whole."""
    for payload in _records(content):
        with suppress(*_NOT_OURS):
            head, body = _opened(payload)
            bounds = tuple(slice(int(a), int(b)) for a, b in head["bounds"])
            pixels = np.frombuffer(body, np.dtype(head["dtype"]).newbyteorder("<"))
            pixels = pixels.reshape([b.stop - b.start for b in bounds])
            return Snapshot(int(head["number"]), bounds, pixels, head["target"])
    return None


def _stroke(payload: bytes) -> Stroke:
    head, body = _opened(payload)
    n, dtype = int(head["n"]), np.dtype(head["dtype"])
    if len(body) != n * (8 + dtype.itemsize):
        raise ValueError("another number of pixels than it says")
    at = np.cumsum(np.frombuffer(body, "<i8", n), dtype=np.int64)
    values = np.frombuffer(body, dtype.newbyteorder("<"), n, 8 * n).astype(dtype)
    step = Step(
        Action(head["action"]),
        head["annotator"],
        datetime.fromisoformat(head["at"]),
        float(head["seconds"]),
        head["source"],
    )
    return Stroke(int(head["number"]), step, Change(at, values), head["target"], head["note"])


def _record(head: dict[str, Any], body: bytes) -> bytes:
    text = json.dumps(head, ensure_ascii=False, allow_nan=False).encode()
    payload = _LENGTH.pack(len(text)) + text + zlib.compress(body, 1)
    length = _LENGTH.pack(len(payload))
    return _PREFIX.pack(_START, len(payload), zlib.crc32(length + payload)) + payload


def _records(content: bytes) -> Iterator[bytes]:
    """Yield what is in each whole record."""
    at = content.find(_START)
    while at >= 0 and at + _PREFIX.size <= len(content):
        _, length, check = _PREFIX.unpack_from(content, at)
        start = at + _PREFIX.size
        payload = content[start : start + length]
        if len(payload) == length and zlib.crc32(_LENGTH.pack(length) + payload) == check:
            yield payload
            at = content.find(_START, start + length)
        else:
            at = content.find(_START, at + 1)


def _opened(payload: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = _LENGTH.unpack_from(payload)
    head = json.loads(payload[_LENGTH.size : _LENGTH.size + length])
    return head, zlib.decompress(payload[_LENGTH.size + length :])


def _little(array: NDArray[Any]) -> bytes:
    """Return the elements in C order, least significant byte first."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
