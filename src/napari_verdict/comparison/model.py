"""What is compared with what: the choice, resolved and frozen before any work."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.conventions import LAINE_2021, Convention
from napari_verdict.comparison.derived import taken
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.engine.sources import SPATIAL_AXES, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_verdict.comparison.regions import Region

#: The candidate name that only the raw image may carry.
RAW = "raw"


class Task(StrEnum):
    """What kind of prediction is judged, and so by which scores."""

    RESTORATION = "restoration"
    INSTANCES = "instances"
    FOREGROUND = "foreground"
    SEMANTIC = "semantic"
    DETECTIONS = "detections"
    EVIDENCE = "evidence"  # of restorations, without ground truth

    @property
    def is_labels(self) -> bool:
        """Whether labels are compared with labels."""
        return self in (Task.INSTANCES, Task.FOREGROUND, Task.SEMANTIC)


#: What places the pixels of an input, and what it is along an axis where that is not known.
PLACE: dict[str, Any] = {"scale": 1.0, "translate": 0.0, "units": "pixel"}


@dataclass(frozen=True, eq=False)
class Input:
    """One image, label image or list of points, as it was when it was picked.

    Parameters
    ----------
    name : str
        What a person calls it: the layer's or file's name.
    data : array-like
        Pixels (numpy, dask or zarr; any layout that `axes` names), or for
        detections an (n, len(axes)) array of coordinates in pixels. Never written to.
    axes : str
        One letter an axis, out of ``tczyx``.
    scale : tuple of float
        Physical size of a pixel along each axis, in `units`; 1 where unknown.
    translate : tuple of float
        Physical position of the first pixel along each axis.
    units : tuple of str
        Unit along each axis; "pixel" where unknown.
    path : str, optional
        The file it came from, for the record.
    """

    name: str
    data: Any
    axes: str
    scale: tuple[float, ...] = ()
    translate: tuple[float, ...] = ()
    units: tuple[str, ...] = ()
    path: str | None = None

    def __post_init__(self) -> None:
        n = len(self.axes)
        for name, default in PLACE.items():
            if not getattr(self, name):
                object.__setattr__(self, name, (default,) * n)
            if len(getattr(self, name)) != n:
                raise ValueError(
                    f"{name} of {self.name!r} must have one entry for each of {self.axes!r}"
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `data`."""
        return tuple(int(s) for s in self.data.shape)

    @property
    def source(self) -> Source:
        """The pixels, to be read block by block."""
        return Source(self.data, self.axes)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Physical size of a pixel along (z, y, x); 1 along a missing z."""
        by_axis = dict(zip(self.axes, self.scale, strict=True))
        z, y, x = (abs(by_axis.get(a, 1.0)) for a in SPATIAL_AXES)
        return z, y, x


@dataclass(frozen=True, eq=False)
class MultichannelInput(Input):
    """An image whose channels share the labels made on it: they are no axis of the labels.

    Parameters
    ----------
    channels : array-like
        All of it: the axes of `data`, which is its first channel, and one more.
    channel_axis : int
        Which of its axes that is: the last one of RGB, the first one of stains.
    """

    channels: Any = None
    channel_axis: int = 0

    @property
    def is_rgb(self) -> bool:
        """Whether its channels are those of a colour."""
        return self.channel_axis == len(self.axes)

    @property
    def whole(self) -> Input:
        """The image with an axis ``c`` for its channels."""
        k, changed = self.channel_axis, {"data": self.channels, "path": self.path}
        for name, one in PLACE.items():
            known = getattr(self, name)
            changed[name] = (*known[:k], one, *known[k:])
        return Input(self.name, axes=f"{self.axes[:k]}c{self.axes[k:]}", **changed)


def without_channels(image: Input, k: int, axes: str) -> MultichannelInput:
    """Return an image of several channels as one whose channels share their labels.

    Parameters
    ----------
    image : Input
        With its channels along one axis.
    k : int
        Which axis that is.
    axes : str
        One letter for each of the others.
    """
    place = {n: getattr(image, n)[:k] + getattr(image, n)[k + 1 :] for n in PLACE}
    first = taken(image.data, k, 0)
    return MultichannelInput(
        image.name, first, axes, **place, path=image.path, channels=image.data, channel_axis=k
    )


@dataclass(frozen=True)
class Settings:
    """How it is compared. Every default is a convention that the record names.

    Parameters
    ----------
    convention : Convention
        Normalisation, fit and data range of restoration scores.
    ssim_3d : bool
        Filter SSIM along z as well (sigma scaled by the spacing) instead of plane by plane.
    iou_threshold : float
        An object is matched at this intersection over union, in (0, 1].
    iou_inclusive : bool
        Whether an IoU of exactly the threshold matches (>=), as in StarDist and Cellpose.
    radius : float, optional
        Detections: the largest distance of a match, in the ground truth's spatial unit.
    decisions : tuple of str
        Remedies the person accepted, by id, in order (see `findings.Remedy`).
    exclusions : Exclusions
        Which objects count, and whether the ground truth has them all.
    """

    convention: Convention = LAINE_2021
    ssim_3d: bool = False
    iou_threshold: float = 0.5
    iou_inclusive: bool = True
    radius: float | None = None
    decisions: tuple[str, ...] = ()
    exclusions: Exclusions = field(default_factory=Exclusions)

    def __post_init__(self) -> None:
        if not 0 < self.iou_threshold <= 1:
            raise ValueError(
                f"The IoU threshold is {self.iou_threshold:g}; it must be above 0 and at most 1."
            )
        if self.radius is not None and not self.radius > 0:
            raise ValueError(f"The match radius is {self.radius:g}; it must be above 0.")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predictions, and raw, against one ground truth: all a worker needs to know.

    Parameters
    ----------
    task : Task
        Decides the scores.
    ground_truth : Input
        The reference.
    predictions : tuple of Input
        At least one; names unique, none of them ``raw``.
    raw : Input, optional
        The baseline of a restoration. It is a candidate like the predictions.
    settings : Settings
        How it is compared.
    ignore : array-like of bool, optional
        True where pixels are left out; shape and axes of the ground truth.
    regions : tuple of Region
        Parts of the image that have scores of their own, beside those of the whole.
    objects : Input, optional
        Of restorations: labels, shaped as the ground truth, of objects whose intensities are
        compared.
    """

    task: Task
    ground_truth: Input
    predictions: tuple[Input, ...]
    raw: Input | None = None
    settings: Settings = field(default_factory=Settings)
    ignore: Any | None = None
    regions: tuple[Region, ...] = ()
    objects: Input | None = None

    @property
    def candidates(self) -> Mapping[str, Input]:
        """Everything compared with the ground truth by name; raw, where given, first."""
        raw = {RAW: self.raw} if self.raw is not None and self.task is Task.RESTORATION else {}
        return raw | {p.name: p for p in self.predictions}

    @property
    def inputs(self) -> Iterator[tuple[str, Input]]:
        """All that goes in but the ignore mask, each with its role."""
        yield "ground truth", self.ground_truth
        if self.raw is not None:
            yield "raw", self.raw
        for prediction in self.predictions:
            yield "prediction", prediction

    def with_settings(self, **changes: Any) -> Comparison:
        """Return the same comparison under other settings."""
        return replace(self, settings=replace(self.settings, **changes))


def unique_names(names: list[str]) -> list[str]:
    """Return candidate names that are unique and leave ``raw`` to the raw image.

    Examples
    --------
    >>> unique_names(["cnn", "cnn", "raw"])
    ['cnn', 'cnn (2)', 'raw (prediction)']
    """
    taken = {RAW}
    result = []
    for name in names:
        base = f"{name} (prediction)" if name == RAW else name
        unique, k = base, 2
        while unique in taken:
            unique, k = f"{base} ({k})", k + 1
        taken.add(unique)
        result.append(unique)
    return result
