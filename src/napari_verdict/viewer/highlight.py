"""One layer of ours that outlines what is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.entries import EntryKey
from napari_verdict.engine.sources import canonical_view
from napari_verdict.viewer.layers import MARK
from napari_verdict.viewer.lazy_planes import is_lazy
from napari_verdict.viewer.outlines import box_outline, outline
from napari_verdict.viewer.placement import place, placement_of
from napari_verdict.viewer.places import frame_and_crop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.entries import Entries

#: What the metadata of the layer says it shows.
NAME = "highlight"
#: Roles that are boxes, of which there are no labels.
_BOXES = ("place", "dispute")
#: Solid white is the ground truth, dashed magenta the prediction, solid orange a place.
COLOURS = {
    "ground truth": "#ffffff",
    "prediction": "#ff6bf5",
    "place": "#ffb14a",
    "dispute": "#ffffff",
}
#: Thickness on the screen, in its pixels.
WIDTH = 2.5
#: Of boxes with more pixels every second, third … row and column is traced, to jump quickly.
LARGEST = 250_000
#: What is so ragged that it takes more lines gets a box.
MOST_LINES = 20_000
#: So many objects of the other side are outlined with one that has no partner.
MOST = 8


@dataclass(frozen=True, eq=False)
class Outline:
    """What outlines one object or place.

    Parameters
    ----------
    role : str
        One of `napari_verdict.comparison.entries.ROLES`.
    lines : (n, 2, 3) ndarray of float64
        Start and direction along z, y, x, in pixels that were compared.
    """

    role: str
    lines: NDArray[np.float64]


def outlines_of(result: Any, entries: Entries, row: int) -> list[Outline]:
    """Return the outlines of an entry and of what it meets on the other side.

    Parameters
    ----------
    result : Result
        What the entries belong to.
    entries : Entries
        All of them.
    row : int
        The one that is looked at.

    Returns
    -------
    list of Outline
        The true shape of the object, of its partner, or else of all that overlap it; the box
        of places, of points, of what is very large and of labels that would have to be read
        from a file first.
    """
    key, kind = entries.key(row), entries.kinds[entries.kind[row]]
    found = [_of_row(result, entries, row)]
    if key.role in _BOXES:
        return found
    other = "prediction" if key.role == "ground truth" else "ground truth"
    ids = [int(entries.partner[row])] if kind == "matched" else _met(result, entries, row, other)
    for label in ids:
        theirs = entries.find(EntryKey(key.candidate, other, key.frame, label))
        if theirs >= 0:
            found.append(_of_row(result, entries, theirs))
    return found


def _of_row(result: Any, entries: Entries, row: int) -> Outline:
    key, box = entries.key(row), entries.box[row]
    low, high = box[::2], box[1::2]
    part = _pixels(result, key, key.role, low, high)
    if part is not None:
        # never along z: a plane without an outline would look as if nothing were there
        step = math.ceil(math.sqrt(part.size / LARGEST))
        thin = part[:, ::step, ::step]
        lines = outline(thin == key.id, dashed=key.role == "prediction")
        if len(lines) <= MOST_LINES:
            lines[..., 1:] *= step
            # the first pixel of a step stands for all of them
            lines[:, 0, 1:] += (step - 1) / 2
            lines[:, 0] += low
            return Outline(key.role, lines)
    return Outline(key.role, box_outline(low - 0.5, high - 0.5))


def _met(result: Any, entries: Entries, row: int, other: str) -> list[int]:
    """Return the objects of the other side that overlap one, those that overlap most first."""
    key = entries.key(row)
    if not result.comparison.task.is_labels:
        return []
    frames = result.comparison.ground_truth.source.frames
    table = result.overlap[key.candidate][frames.index(key.frame)]
    mine, theirs = (table.gt, table.pred) if other == "prediction" else (table.pred, table.gt)
    rows = np.flatnonzero((mine == key.id) & (theirs != 0))
    most = rows[np.argsort(-table.pixels[rows], kind="stable")]
    return [int(i) for i in theirs[most[:MOST]]]


def _pixels(result: Any, key: EntryKey, role: str, low: Any, high: Any) -> Any | None:
    """Return the labels of one side within a box; None where none are at hand."""
    comparison = result.comparison
    truth = comparison.ground_truth
    source = truth if role == "ground truth" else comparison.candidates.get(key.candidate)
    if role in _BOXES or not comparison.task.is_labels or source is None or is_lazy(source.data):
        return None
    frames = dict(zip((a for a in truth.axes if a in "tc"), key.frame, strict=True))
    frame = tuple(frames[a] for a in source.axes if a in "tc")
    view = canonical_view(source.data, source.axes)[frame]
    return view[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]


class Highlight:
    """Outlines one entry at a time, in one layer that is updated in place.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Where it is shown.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    @property
    def layer(self) -> Any | None:
        """The layer; None before anything was outlined, and when a person deleted it."""
        return next((x for x in self._marked if not x.metadata[MARK].get("panel")), None)

    @property
    def layers(self) -> list[Any]:
        """The layers that show it now: side by side one over each panel."""
        if self._viewer.canvas.grid.enabled:
            return [x for x in self._marked if x.metadata[MARK].get("panel")]
        return [] if self.layer is None else [self.layer]

    @property
    def _marked(self) -> list[Any]:
        return [x for x in self._viewer.layers if x.metadata.get(MARK, {}).get("name") == NAME]

    def over_panel(self, reference: Any) -> Any:
        """Add a layer, empty as yet, that shows the outline over one panel of the grid."""
        return self._add(reference, np.zeros((0, 2, reference.ndim)), panel=True)

    def show(
        self,
        result: Any,
        reference: Any,
        outlines: Sequence[Outline],
        frame: Sequence[int],
        title: str,
    ) -> Any:
        """Outline what is looked at.

        Parameters
        ----------
        result : Result
            What it belongs to.
        reference : napari layer
            The ground truth: place, scale and units are taken from it.
        outlines : sequence of Outline
            Of the entry and of its partner.
        frame : sequence of int
            Index along the frame axes.
        title : str
            What the layer is called.

        Returns
        -------
        napari Vectors layer, the first of several side by side; None in a grid without any, where
        it would take a panel to itself
        """
        grid = bool(self._viewer.canvas.grid.enabled)
        if grid and not self.layers:
            self.clear()
            return None
        lines = np.concatenate([_in_layer(result, reference, o.lines, frame) for o in outlines])
        # orange would be lost on evidence, which is orange itself
        own = {"place": COLOURS["ground truth"]} if result.comparison.task == "evidence" else {}
        of_role = COLOURS | own
        colours = [of_role[o.role] for o in outlines for _ in range(len(o.lines))]
        layer = self.layer
        if not grid and layer is not None and layer.ndim != reference.ndim:
            self._viewer.layers.remove(layer)
            layer = None
        wanted = np.array([_rgba(c) for c in colours], np.float32).reshape(-1, 4)
        if not grid and layer is None:
            # all at once: what is set later makes napari slice it anew
            width = self._width(reference)
            return self._add(reference, lines, name=title, edge_color=wanted, edge_width=width)
        for layer in self.layers:
            place(layer, placement_of(reference))
            if not layer.visible:
                layer.visible = True  # first: napari does not slice what is hidden
            # each of these makes napari slice the layer and draw its thumbnail anew
            if layer.data is not lines:
                layer.data = lines
            if not np.array_equal(layer.edge_color, wanted):
                layer.edge_color = wanted
            layer.name = title
        self.set_width(reference)
        return self.layers[0]

    def set_width(self, reference: Any) -> None:
        """Keep the lines as thick on the screen as they were, whatever the zoom."""
        width = self._width(reference)
        for layer in self.layers:
            if abs(width - layer.edge_width) > 0.02 * width:
                layer.edge_width = width

    def _width(self, reference: Any) -> float:
        pixel = float(np.abs(np.asarray(reference.scale)[-2:]).min())
        return WIDTH / max(float(self._viewer.scene.camera.zoom) * pixel, 1e-12)

    def clear(self) -> None:
        """Outline nothing."""
        for layer in {self.layer, *self.layers} - {None}:
            if layer.visible:
                layer.visible = False

    def _add(self, reference: Any, lines: Any, *, panel: bool = False, **look: Any) -> Any:
        from napari.layers import Vectors

        layers = self._viewer.layers
        selection, active = set(layers.selection), layers.selection.active
        layer = _add_still(
            self._viewer,
            Vectors(
                lines,
                ndim=reference.ndim,
                vector_style="line",
                opacity=1.0,
                metadata={MARK: {"candidate": "", "name": NAME, "panel": panel}},
                **look,
                **placement_of(reference),
            ),
        )
        # a person goes on painting where they were
        layers.selection = {x for x in selection if x in layers}
        layers.selection.active = active
        return layer


def _rgba(colour: str) -> tuple[float, ...]:
    return (*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)), 1.0)


def _add_still(viewer: Any, layer: Any) -> Any:
    """Add a layer on top without moving the camera."""
    camera = viewer.scene.camera
    center, zoom = camera.center, camera.zoom
    viewer.add_layer(layer)
    camera.center, camera.zoom = center, zoom
    return layer


def _in_layer(result: Any, reference: Any, lines: Any, frame: Sequence[int]) -> Any:
    """Return lines along z, y, x as lines along the axes of the ground-truth layer."""
    axes, start = frame_and_crop(result, reference)
    frames = dict(
        zip((a for a in result.comparison.ground_truth.axes if a in "tc"), frame, strict=True)
    )
    placed = np.zeros((len(lines), 2, len(axes)))
    for i, axis in enumerate(axes):
        if axis in frames:
            placed[:, 0, i] = frames[axis]
        else:
            placed[:, :, i] = lines[:, :, "zyx".index(axis)]
    placed[:, 0] += start
    return placed
