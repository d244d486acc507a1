"""Results become layers, in place the next time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.viewer.layers import MARK, is_result, kind_of
from napari_verdict.viewer.lazy_planes import LazyPlanes, is_lazy
from napari_verdict.viewer.palette import CLASSES, MAPS, NOT_LABELLED, title_of
from napari_verdict.viewer.placement import place, placement_of
from napari_verdict.viewer.scales import map_limits, sample_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.result import Result

OUT_OF_DATE = " (out of date)"
_POINT_STYLES = {"matched": (1, "disc"), "extra": (2, "x"), "missed": (3, "cross")} | {
    "not labelled": (5, "diamond")
}


@dataclass(frozen=True, eq=False)
class Drawing:
    """What one result layer shows, made in a worker; drawn on the main thread.

    Parameters
    ----------
    candidate, name : str
        Whose map or overlay it is, and which.
    kind : str
        ``image``, ``labels`` or ``points``.
    data : ndarray or LazyPlanes
        Axes as in the ground truth, but channels first.
    limits : (float, float), optional
        Contrast limits of a map.
    features : DataFrame, optional
        One row a point.
    shift : tuple of float
        How far the first pixel lies from that of the ground-truth layer, in its units.
    channels : bool
        Whether `data` has a leading axis that the ground-truth layer (RGB) has not.
    visible : bool
        Whether a new layer can be seen at once.
    """

    candidate: str
    name: str
    kind: str
    data: Any
    limits: tuple[float, float] | None = None
    features: Any = None
    shift: tuple[float, ...] = ()
    channels: bool = False
    visible: bool = True

    @property
    def title(self) -> str:
        """The layer's name."""
        return f"{title_of(self.name)} · {self.candidate}"


def names_for(result: Result) -> tuple[str, ...]:
    """Return which maps or overlays a result can show, top one first."""
    task = str(result.comparison.task)
    if task == "restoration":
        return "ssim", "rse", "difference", *(("gain",) if result.comparison.raw else ())
    if task == "evidence":
        # one name for all candidates, in the order of the palette
        known = {n for maps in result.maps.values() for n in maps}
        return tuple(n for n in MAPS if n in known)
    if task == "detections":
        return ("detections",)
    return ("ground-truth objects", "predicted objects", "pixels")[
        0 if task == "instances" else 2 :
    ]


def has_map(result: Result, candidate: str, name: str) -> bool:
    """Whether a candidate can show that map or overlay of `names_for`: raw gains nothing on raw."""
    if result.comparison.task == "evidence":
        return name in result.maps.get(candidate, {})
    return (name, candidate) != ("gain", "raw")


def keys_of_result(result: Result) -> set[tuple[str, str]]:
    """Return whose maps or overlays a result can show, and which: the keys of its layers."""
    return {(c, n) for c in result.comparison.candidates for n in names_for(result)}


def first_names(result: Result) -> frozenset[str]:
    """Return which of them are shown unless a person says otherwise."""
    if result.comparison.task == "evidence":
        return frozenset({"evidence"})
    return frozenset(names_for(result)) - {"difference", "pixels"} or frozenset({"pixels"})


def prepare(result: Result, candidate: str, names: Collection[str]) -> list[Drawing]:
    """Compute what the named layers of one candidate show. For a worker: no layer is touched.

    They come in the order in which they are to be drawn: the last one lies on top.
    """
    if result.comparison.task == "detections":
        return [_points(result, candidate)]
    if result.comparison.task in ("restoration", "evidence"):
        maps = result.maps.get(candidate, {})
        # drawn unseen, so that a key can flip to it
        more = {"residual"} if result.comparison.task == "evidence" else set()
        drawings = [
            of_array(result, candidate, name, "image", maps[name], map_limits(result, name))
            for name in reversed(MAPS)
            if name in {*names, *more} and name in maps
        ]
        return [replace(d, visible=d.name in names) for d in drawings]
    overlays = result.overlays(candidate)
    if "predicted objects" in names and isinstance(overlays.get("predicted objects"), np.ndarray):
        from napari_verdict.comparison.objects.overlays import outline, rewrite

        # here, once: napari would trace contours again whenever the threshold moves
        outline(result, candidate, overlays["predicted objects"])  # type: ignore[arg-type]
        # changes nothing, but loads the kernel that moving the threshold needs
        rewrite(result, result, candidate, overlays)  # type: ignore[arg-type]
    return [of_array(result, candidate, n, "labels", overlays[n]) for n in overlays if n in names]


def raw_difference(data: Any, candidate: str, raw: Input) -> Drawing:
    """Return how a fitted prediction minus raw is drawn; `data` has the axes of `raw`."""
    channels = raw.axes.endswith("c")
    sample = np.abs(sample_of(data))
    top = float(np.percentile(sample, 99)) if sample.size else 0.0
    top = top or 1.0
    data = _shown(data, channels)
    return Drawing(candidate, "raw-difference", "image", data, (-top, top), channels=channels)


def draw(viewer: Any, reference: Any, drawing: Drawing) -> Any:
    """Show a drawing as a layer; the one that showed it before is updated in place.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Where it is shown.
    reference : napari layer
        The ground truth: scale, position, units and axis labels are taken from it.
    drawing : Drawing
        What to show.

    Returns
    -------
    napari layer
    """
    layer = find(viewer, drawing.candidate, drawing.name)
    geometry = _geometry(reference, drawing)
    if layer is not None and layer.ndim != len(geometry["scale"]):
        viewer.layers.remove(layer)
        layer = None
    if layer is None:
        return viewer.add_layer(_new_layer(drawing, geometry))
    # each of these makes napari slice the layer anew
    if layer.data is not drawing.data:
        layer.data = drawing.data
    place(layer, geometry)
    if drawing.limits is not None:
        layer.contrast_limits_range = layer.contrast_limits = drawing.limits
    if drawing.features is not None:
        _style_points(layer, drawing)
    set_out_of_date([layer], False)
    return layer


def key_of(layer: Any) -> tuple[str, str] | None:
    """Return whose map or overlay a layer shows, and which; None for other layers."""
    mark = layer.metadata.get(MARK)
    return (mark["candidate"], mark["name"]) if mark else None


def find(viewer: Any, candidate: str, name: str) -> Any | None:
    """Return the layer that shows a candidate's map or overlay, or None.

    It is known by its metadata, so a person may rename it.
    """
    for layer in viewer.layers:
        if key_of(layer) == (candidate, name):
            return layer
    return None


def result_layers(viewer: Any) -> list[Any]:
    """Return all layers that show results; the outline of what is looked at is not one."""
    return [layer for layer in viewer.layers if (key_of(layer) or ("",))[0]]


def uncover(viewer: Any, roles: Any, result: Result, candidate: str) -> None:
    """Let a prediction be seen below its evidence: hide the images above it that are no results.

    Other maps cover what they are of.
    """
    names = [p.name for p in result.comparison.predictions]
    if result.comparison.task != "evidence" or candidate not in names:
        return
    prediction = roles.predictions[names.index(candidate)]
    if viewer.canvas.grid.enabled or prediction not in viewer.layers:
        return
    prediction.visible = True
    above = list(viewer.layers)[viewer.layers.index(prediction) + 1 :]
    for layer in above:
        if kind_of(layer) == "image" and not is_result(layer):
            layer.visible = False


def arrange_colour_bars(viewer: Any) -> None:
    """Give a colour bar to the map on top, or side by side to every map."""
    side_by_side = viewer.canvas.grid.enabled
    maps = [x for x in result_layers(viewer) if hasattr(x, "colorbar") and x.visible]
    for layer in result_layers(viewer):
        if hasattr(layer, "colorbar"):
            wanted = layer in maps and (side_by_side or layer is maps[-1])
            if layer.colorbar.visible != wanted:
                layer.colorbar.visible = wanted


def set_out_of_date(layers: Iterable[Any], out_of_date: bool) -> None:
    """Say in the names of result layers whether their sources have changed since."""
    for layer in layers:
        name = layer.name.removesuffix(OUT_OF_DATE)
        wanted = name + OUT_OF_DATE if out_of_date else name
        if layer.name != wanted:
            layer.name = wanted


def _new_layer(drawing: Drawing, geometry: dict[str, Any]) -> Any:
    from napari.layers import Image, Labels, Points

    common = {
        "name": drawing.title,
        "visible": drawing.visible,
        "metadata": {MARK: {"candidate": drawing.candidate, "name": drawing.name}},
        **geometry,
    }
    if drawing.kind == "image":
        image = Image(
            drawing.data,
            rgb=False,
            colormap=_colormap(drawing.name),
            contrast_limits=drawing.limits,
            interpolation2d="nearest",
            **common,
        )
        image.colorbar.size, image.colorbar.font_size = (14, 110), 8
        image.colorbar.position = "bottom_right"  # the name is at the top
        return image
    if drawing.kind == "points":
        layer = Points(drawing.data, size=10, border_width=0.2, **common)
        _style_points(layer, drawing)
        return layer
    layer = Labels(drawing.data, colormap=_class_colours(), opacity=0.6, **common)
    if drawing.name == "predicted objects":
        layer.opacity = 1.0
        # lazy planes hold no outlines of their own
        layer.contour = 2 if is_lazy(drawing.data) else 0
    layer.editable = False
    return layer


def _colormap(name: str) -> Any:
    from napari.utils import Colormap

    style = MAPS[name]
    stops = {"controls": list(style.stops)} if style.stops else {}
    return Colormap(list(style.colours), name=f"verdict {style.title}", **stops)


def _class_colours() -> Any:
    from napari.utils import DirectLabelColormap

    colours: dict[int | None, str] = {c.code: c.colour for c in (*CLASSES, NOT_LABELLED)}
    return DirectLabelColormap(color_dict=colours | {None: "transparent"})


def _style_points(layer: Any, drawing: Drawing) -> None:
    kinds = list(drawing.features["kind"])
    colours = {c.code: c.colour for c in (*CLASSES, NOT_LABELLED)}
    layer.features = drawing.features
    if kinds:
        layer.face_color = [colours[_POINT_STYLES[k][0]] for k in kinds]
        layer.symbol = [_POINT_STYLES[k][1] for k in kinds]


def of_array(
    result: Result,
    candidate: str,
    name: str,
    kind: str,
    data: Any,
    limits: tuple[float, float] | None = None,
) -> Drawing:
    """Return how an array with the axes of the ground truth is drawn."""
    truth = result.comparison.ground_truth
    channels = truth.axes.endswith("c")
    data = _shown(data, channels)
    shift = _shift(result)
    return Drawing(
        candidate, name, kind, data, limits, None, shift[:-1] if channels else shift, channels
    )


def _shown(data: Any, channels: bool) -> Any:
    """Return an array as a layer shows it: channels first, lazy ones plane by plane."""
    if channels:
        data = data.transpose((data.ndim - 1, *range(data.ndim - 1)))
    return LazyPlanes(data) if is_lazy(data) else data


def _points(result: Result, candidate: str) -> Drawing:
    objects = result.objects
    objects = objects[(objects["candidate"] == candidate) & (objects["outcome"] != "ignored")]
    # a matched pair is one point, where the ground truth has it
    shown = objects[(objects["role"] == "ground truth") | (objects["outcome"] == "extra")]
    columns = [
        [(f or {}).get(a, 0) for f in shown["frame"]] if a in "tc" else list(shown[f"centroid_{a}"])
        for a in result.comparison.ground_truth.axes
    ]
    features = shown[["kind", "role", "id"]].reset_index(drop=True)
    data = np.array(columns, dtype=float).T.reshape(len(shown), len(columns))
    return Drawing(candidate, "detections", "points", data, features=features, shift=_shift(result))


def _shift(result: Result) -> tuple[float, ...]:
    """Where the first pixel lies, against where it lay before anything was cropped."""
    asked = result.request or result.comparison
    now, then = result.comparison.ground_truth.translate, asked.ground_truth.translate
    return tuple(a - b for a, b in zip(now, then, strict=True))


def _geometry(reference: Any, drawing: Drawing) -> dict[str, Any]:
    shift = drawing.shift or (0.0,) * reference.ndim
    if drawing.channels:
        return {
            "scale": (1.0, *reference.scale),
            "translate": (0.0, *(np.asarray(reference.translate) + shift)),
            "units": ("pixel", *reference.units),
            "axis_labels": ("c", *reference.axis_labels),
        }
    return placement_of(reference) | {"translate": np.asarray(reference.translate) + shift}
