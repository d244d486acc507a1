"""A copy of the ground truth that may be mended, and its scores after every change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_verdict.engine.sources import canonical_view
from napari_verdict.viewer.highlight import NAME as OUTLINE
from napari_verdict.viewer.layers import MARK, MENDED
from napari_verdict.viewer.placement import placement_of
from napari_verdict.viewer.places import frame_and_crop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.comparison.objects.mending import Mend

    #: One slice an axis of the labels.
    Part = tuple[slice, ...]

NAME = "ground truth (mended)"
#: Parts that were painted and are remembered; napari undoes a hundred strokes.
MOST = 200


class Mended:
    """The layer *ground truth (mended)* of a viewer, and the result that it would have.

    napari tells of a stroke what it touched, but of undo and redo only that something is shown
    anew. So the parts that strokes touched are remembered and compared with what they were.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Where the layer is added when the first thing is mended.
    """

    #: The labels or their scores are others now.
    changed = Signal()

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layer: Any = None
        self._original: LabelResult | None = None
        self._result: LabelResult | None = None
        self._reference: Any = None
        self._then: Any = None
        self._parts: dict[tuple[tuple[int, int], ...], Part] = {}

    # ---- what there is

    @property
    def layer(self) -> Any | None:
        """The layer; None before anything was mended, and when a person deleted it."""
        known = self._layer is not None and self._layer in self._viewer.layers
        return self._layer if known else None

    @property
    def original(self) -> LabelResult | None:
        """The result of the ground truth as it was."""
        return self._original

    @property
    def result(self) -> LabelResult | None:
        """The result of the mended ground truth; None while there is none that belongs to it."""
        return self._result if self.layer is not None else None

    @property
    def now(self) -> LabelResult | None:
        """The result of what would be mended next: the mended one, or else the original."""
        return self.result or self._original

    def why_not(self) -> str:
        """Say why nothing can be mended; "" where it can."""
        if self._original is None:
            return "There are no objects to mend."
        data = self._original.comparison.ground_truth.data
        if not isinstance(data, np.ndarray):
            return "The ground truth is not in memory. Load it as an array to mend it."
        if data.dtype.kind not in "iu":
            return (
                f"The ground truth is stored as {data.dtype}, which holds no labels that can be "
                "painted. Convert the layer to uint16 and validate again."
            )
        return ""

    # ---- following the result

    def follow(self, result: Any, reference: Any) -> None:
        """Mend the ground truth of this result from now on.

        Parameters
        ----------
        result : Result
            At another threshold the scores follow; of other pixels, the layer is kept, and
            goes on only where they are those it was made from.
        reference : napari layer
            The ground truth.
        """
        of_objects = result is not None and result.comparison.task == "instances"
        before, self._original = self._original, result if of_objects else None
        self._reference = reference
        if self._original is None:
            self._let_go()
        elif before is not None and _same_tables(before, self._original):
            if self._result is not None:
                settings = self._original.comparison.settings
                self._result = self._result.at(settings.iou_threshold, settings.iou_inclusive)
        else:
            self._let_go()
            self._adopt()
        self.changed.emit()

    def begin(self) -> Any:
        """Return the layer, made as a copy of the ground truth where there is none."""
        if self._result is not None and (layer := self.layer) is not None:
            return layer
        assert self._original is not None
        assert self._reference is not None
        from napari.layers import Labels

        truth, reference = self._original.comparison.ground_truth, self._reference
        shift = frame_and_crop(self._original, reference)[1] * np.asarray(reference.scale)
        place = placement_of(reference)
        place["translate"] = np.asarray(place["translate"]) + shift
        # what it was made from tells whose copy it is
        known = {MENDED: truth.data}
        layer = Labels(truth.data.copy(), name=NAME, metadata=known, opacity=0.5, **place)
        camera = self._viewer.scene.camera
        center, zoom = camera.center, camera.zoom
        self._viewer.add_layer(layer)
        camera.center, camera.zoom = center, zoom
        layers = self._viewer.layers
        top = next((x for x in layers if x.metadata.get(MARK, {}).get("name") == OUTLINE), None)
        if top is not None:  # it shows what is looked at
            layers.move(layers.index(top), -1)
            layers.selection.active = layer
        self._watch(layer, truth.data.copy(), self._of(layer, self._original))
        return layer

    def begin_from(self, labels: NDArray[Any]) -> bool:
        """Make the layer with labels that were mended before; say whether they fit."""
        original = self._original
        if original is None or self.why_not():
            return False
        truth = original.comparison.ground_truth.data
        if labels.size != truth.size or labels.dtype != truth.dtype:
            return False  # a file may have left out axes of length 1
        self.begin().data = labels.reshape(truth.shape).copy()
        return True

    def mend(self, mend: Mend) -> None:
        """Change the layer, as one step that napari undoes."""
        layer = self.begin()
        layer.data_setitem(mend.indices, mend.values)
        if not layer.visible:
            layer.visible = True

    def edit(self, label: int) -> None:
        """Arm napari's brush with a label on the layer."""
        layer = self.begin()
        layer.visible = True
        self._viewer.layers.selection.active = layer
        layer.selected_label = label
        layer.mode = "paint"

    def snapshot(self) -> LabelResult | None:
        """Return the result with labels of its own, which painting no longer reaches."""
        self._compare(None)
        result = self.result
        if result is None:
            return None
        truth = result.comparison.ground_truth
        kept = replace(truth, data=truth.data.copy())
        comparison = replace(result.comparison, ground_truth=kept)
        return replace(result, comparison=comparison)

    def stop(self) -> None:
        """Listen to nothing any more; the layer stays."""
        self._let_go()
        self._forget()
        self._original = self._reference = None

    # ---- following the layer

    def _of(self, layer: Any, original: LabelResult) -> LabelResult:
        """Return a result as that of the layer, whose pixels are the same still."""
        truth = original.comparison.ground_truth
        own = replace(truth, name=NAME, data=layer.data, path=None)
        nothing = np.empty((0, 0, 0), truth.data.dtype)
        frame = truth.source.frames[0]
        return original.repainted(own, (0, 0, 0, 0, 0, 0), nothing, frame)

    def _watch(self, layer: Any, then: NDArray[Any], result: LabelResult) -> None:
        self._then, self._result = then, result
        if layer is not self._layer:
            self._forget()
            self._layer = layer
            for event in _events_of(layer):
                event.connect(self._on_layer)

    def _let_go(self) -> None:
        """Score the layer no longer; what strokes touch is still remembered."""
        self._then = self._result = None

    def _forget(self) -> None:
        if self._layer is not None:
            for event in _events_of(self._layer):
                event.disconnect(self._on_layer)
        self._layer, self._parts = None, {}

    def _adopt(self) -> None:
        """Go on with a layer that was made from the same pixels, whatever was painted since."""
        original = self._original
        if original is None or self.why_not():
            return
        truth = original.comparison.ground_truth.data
        layer = next((x for x in self._viewer.layers if self._is_copy(x, truth)), None)
        if layer is not None:
            self._watch(layer, truth.copy(), self._of(layer, original))
            self._compare(None)

    def _is_copy(self, layer: Any, truth: NDArray[Any]) -> bool:
        """Whether a layer is a copy of these labels, or a copy that is the ground truth itself."""
        made_from = layer.metadata.get(MENDED)
        if made_from is None or layer.data.shape != truth.shape or layer.data.dtype != truth.dtype:
            return False
        return layer is self._reference or np.array_equal(made_from, truth)

    def _on_layer(self, event: Any = None) -> None:
        kind = getattr(event, "type", "")
        if kind == "paint":
            self._remember(map(_part_of, event.value))
        if self._result is None or self._layer is None:
            return
        if kind == "data":
            data = self._layer.data
            if data.shape != self._then.shape or data.dtype != self._then.dtype:
                self._let_go()
                self.changed.emit()
                return
            truth = replace(self._result.comparison.ground_truth, data=data)
            comparison = replace(self._result.comparison, ground_truth=truth)
            self._result = replace(self._result, comparison=comparison)
            self._compare(None)
            return
        self._compare(self._parts.values())

    def _remember(self, parts: Iterable[Part]) -> None:
        for part in parts:
            key = tuple((s.start, s.stop) for s in part)
            self._parts.pop(key, None)
            self._parts[key] = part  # the newest last
        while len(self._parts) > MOST:
            self._parts.pop(next(iter(self._parts)))

    def _compare(self, parts: Iterable[Part] | None) -> None:
        """Bring the result up to date with what changed in these parts, or anywhere."""
        if self._result is None or self._layer is None:
            return
        now, then = self._layer.data, self._then
        if parts is None:
            parts = [tuple(slice(0, n) for n in now.shape)]
        touched = [
            tight
            for part in parts
            if not np.array_equal(now[part], then[part])
            for tight in [_tight(now[part] != then[part], part)]
        ]
        if not touched:
            return
        axes = self._result.comparison.ground_truth.axes
        truth = self._result.comparison.ground_truth
        for frame, box in _by_frame(touched, axes):
            here = tuple(slice(a, b) for a, b in zip(box[::2], box[1::2], strict=True))
            before = canonical_view(then, axes)[frame][here]
            self._result = self._result.repainted(truth, box, before, frame)
            before[...] = canonical_view(now, axes)[frame][here]
        self.changed.emit()


def _events_of(layer: Any) -> tuple[Any, ...]:
    # "paint" may come before the pixels are written, one of the others after
    events = layer.events
    return events.paint, events.set_data, events.labels_update, events.data


def _same_tables(a: LabelResult, b: LabelResult) -> bool:
    """Whether two results differ in their threshold alone."""
    return a.overlap is b.overlap or (
        a.overlap.keys() == b.overlap.keys()
        and all(
            x is y
            for name in a.overlap
            for x, y in zip(a.overlap[name], b.overlap[name], strict=True)
        )
    )


def _part_of(atom: Any) -> Part:
    """Return the part of the labels that an item of napari's history touched."""
    if hasattr(atom, "slice_key"):
        return tuple(slice(int(s.start), int(s.stop)) for s in atom.slice_key)
    return tuple(
        slice(int(np.min(one)), int(np.max(one)) + 1) if np.size(one) else slice(0, 0)
        for one in atom[0]
    )


def _tight(changed: NDArray[np.bool_], part: Part) -> Part:
    """Return the part that holds all that changed within a part."""
    tight = []
    for axis, s in enumerate(part):
        along = np.flatnonzero(changed.any(axis=tuple(set(range(changed.ndim)) - {axis})))
        tight.append(slice(s.start + int(along[0]), s.start + int(along[-1]) + 1))
    return tuple(tight)


def _by_frame(
    parts: list[Part], axes: str
) -> list[tuple[tuple[int, ...], tuple[int, int, int, int, int, int]]]:
    """Return for each frame that was touched the box around all that was touched in it.

    One box, since a table is brought up to date with all that is painted by now, or not at all.
    """
    boxes: dict[tuple[int, ...], list[int]] = {}
    for part in parts:
        at = dict(zip(axes, part, strict=True))
        frames = [range(at[a].start, at[a].stop) for a in axes if a in "tc"]
        sides = [at.get(a, slice(0, 1)) for a in "zyx"]
        for frame in np.ndindex(*(len(f) for f in frames)):
            index = tuple(f[i] for f, i in zip(frames, frame, strict=True))
            box = boxes.setdefault(index, [n for s in sides for n in (s.start, s.stop)])
            for k, s in enumerate(sides):
                box[2 * k] = min(box[2 * k], s.start)
                box[2 * k + 1] = max(box[2 * k + 1], s.stop)
    return [(f, (b[0], b[1], b[2], b[3], b[4], b[5])) for f, b in boxes.items()]
