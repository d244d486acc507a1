"""Several images that are labelled as one, with their predictions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import PLACE, Input, without_channels
from napari_verdict.comparison.words import counted, sentence, times
from napari_verdict.report.ome import read_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, eq=False)
class Picture:
    """One image of a set, and its predictions; pixels are read when they are asked for.

    Parameters
    ----------
    name : str
        Its file below the folder, without its ending; unique within the set.
    axes : str
        One letter an axis of its labels, out of ``tczyx``; channels that share them are none.
    shape : tuple of int
        Of its labels.
    source : Path or Input
        The file, or the image where it is open already.
    condition : str
        What it was taken of; may be empty.
    predictions : mapping of str to (Path or Input)
        Label images of the same shape, by the name of the prediction.
    rgb : bool
        Whether the last axis of the file holds the channels of a colour.
    channel : int, optional
        Which axis of the file holds channels, such as stains, that share their labels; None where
        none does.
    confidence : Path, optional
        A map of probabilities of foreground, of the shape of its labels.
    """

    name: str
    axes: str
    shape: tuple[int, ...]
    source: Path | Input
    condition: str = ""
    predictions: Mapping[str, Path | Input] = field(default_factory=dict)
    rgb: bool = False
    channel: int | None = None
    confidence: Path | None = None

    @property
    def kind(self) -> str:
        """Axes of its labels, and of what else it is, for the person."""
        more = " in colour" * self.rgb + " of several channels" * (self.channel is not None)
        return self.axes + more

    @property
    def tiled(self) -> TiledImage:
        """What tiles are drawn from."""
        return TiledImage(self.name, self.axes, self.shape, self.condition)

    @property
    def path(self) -> str | None:
        """Its file; None for one that has none."""
        return str(self.source) if isinstance(self.source, Path) else self.source.path

    def named(self, letter: str) -> Picture:
        """Return it with its first unnamed axis named."""
        return replace(self, axes=self.axes.replace("?", letter, 1))

    def shared(self) -> Picture:
        """Return it with one label image for all its channels, where it has an axis of them."""
        k = self.axes.find("c")
        if k < 0:
            return self
        axes, shape = self.axes.replace("c", ""), self.shape[:k] + self.shape[k + 1 :]
        return replace(self, axes=axes, shape=shape, channel=k)

    def image(self) -> Input:
        """Read the image, of RGB with a last axis ``c``, of other channels with a first one.

        Raises
        ------
        ComparisonError
            If its file cannot be read, or is not as it was when it was found.
        """
        k = len(self.axes) if self.rgb else self.channel
        axes = self.axes if k is None else f"{self.axes[:k]}c{self.axes[k:]}"
        image = replace(_read(self.source, axes), name=self.name)
        shape = image.shape if k is None else image.shape[:k] + image.shape[k + 1 :]
        self._compare(shape, self.name)
        return image if not k or self.rgb else _channels_first(image, k)

    def labelled(self, image: Input) -> Input:
        """Return what of the image is labelled; channels that share labels are no axis of it."""
        if self.rgb:
            colour = replace(image, data=image.data[..., :3])
            return without_channels(colour, len(self.axes), self.axes)
        return image if self.channel is None else without_channels(image, 0, self.axes)

    def predicted(self) -> tuple[Input, ...]:
        """Read its predictions.

        Raises
        ------
        ComparisonError
            As `image` does.
        """
        found = []
        for name, source in self.predictions.items():
            one = replace(_read(source, self.axes), name=name)
            self._compare(one.shape, name)
            found.append(one)
        return tuple(found)

    def probabilities(self) -> Input:
        """Read its map of confidence.

        Raises
        ------
        ComparisonError
            As `image` does, or if it has none.
        """
        if self.confidence is None:
            raise refusal(f"{self.name!r} has no map of confidence.")
        found = _read(self.confidence, self.axes)
        self._compare(found.shape, found.name)
        return found

    def _compare(self, shape: tuple[int, ...], name: str) -> None:
        if shape != self.shape:
            raise refusal(
                f"{name!r} has {times(shape)} pixels, and had {times(self.shape)} when it was "
                "found: its file has changed. Look for the images again."
            )


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images that are labelled as one, all of the same axes.

    Parameters
    ----------
    name : str
        What a person calls it.
    folder : Path, optional
        Where they were found; None for images that are open.
    pictures : tuple of Picture
        In the order of their names; all have the same predictions.
    left_out : mapping of str to str
        Files that were found and do not fit, with the reason.
    """

    name: str
    folder: Path | None
    pictures: tuple[Picture, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Picture:
        return next(p for p in self.pictures if p.name == name)

    @property
    def axes(self) -> str:
        """Those of all its images; empty where there are none."""
        return self.pictures[0].axes if self.pictures else ""

    @property
    def predictions(self) -> tuple[str, ...]:
        """Names of the predictions that every image has."""
        return tuple(self.pictures[0].predictions) if self.pictures else ()

    @property
    def has_maps(self) -> bool:
        """Whether every image has a map of confidence."""
        return bool(self.pictures) and all(p.confidence is not None for p in self.pictures)

    @property
    def conditions(self) -> dict[str, int]:
        """How many images there are of each condition."""
        return dict(sorted(Counter(p.condition for p in self.pictures).items()))

    @property
    def tiled(self) -> tuple[TiledImage, ...]:
        """What tiles are drawn from."""
        return tuple(p.tiled for p in self.pictures)

    @property
    def shares(self) -> bool:
        """Whether channels of its images share their labels."""
        return any(p.channel is not None for p in self.pictures)

    def shared(self) -> ImageSet:
        """Return the set with one label image for all channels of an image."""
        return replace(self, pictures=tuple(p.shared() for p in self.pictures))

    def named(self, letter: str) -> ImageSet:
        """Return the set with the axis named that no file or layer names."""
        return replace(self, pictures=tuple(p.named(letter) for p in self.pictures))

    @property
    def sentence(self) -> str:
        """Such as "24 images, 2 conditions (control 12, treated 12); predictions of unet"."""
        text = counted(len(self.pictures), "image")
        if len(self.conditions) > 1:
            each = ", ".join(f"{c or 'none'} {n}" for c, n in self.conditions.items())
            text += f", {counted(len(self.conditions), 'condition')} ({each})"
        if self.predictions:
            text += f"; predictions of {', '.join(self.predictions)}"
        elif self.pictures:
            text += "; no predictions, so nothing is scored"
        text += "; with maps of confidence" if self.has_maps else ""
        if self.shares:
            text += "; channels share their labels"
        elif "c" in self.axes:
            text += "; each channel is an image of its own"
        if self.left_out:
            text += f"; {counted(len(self.left_out), 'file')} left out"
        return sentence(text)


def set_of(pictures: Iterable[Picture], left_out: Mapping[str, str]) -> ImageSet:
    """Return open images as a set; those of other axes than most are left out as well."""
    chosen = tuple(pictures)
    return ImageSet(counted(len(chosen), "open image"), None, *alike(chosen, dict(left_out)))


def alike(
    pictures: Sequence[Picture], left_out: dict[str, str]
) -> tuple[tuple[Picture, ...], dict[str, str]]:
    """Return the pictures with the axes that most have, and why the others are left out."""
    kinds = Counter(p.kind for p in pictures)
    most = kinds.most_common(1)[0][0] if kinds else ""
    for picture in pictures:
        if picture.kind != most:
            left_out[picture.name] = f"its axes are {picture.kind}, those of most images {most}"
    return tuple(p for p in pictures if p.name not in left_out), left_out


def _read(source: Path | Input, axes: str) -> Input:
    if not isinstance(source, Path):
        return replace(source, axes=axes)
    return read_input(source, axes=axes if "?" not in axes else None)


def _channels_first(image: Input, k: int) -> Input:
    """Return an image with its axis k in front, as napari lays labels over images."""
    data = np.moveaxis(np.asarray(image.data), k, 0)
    order = (k, *(i for i in range(data.ndim) if i != k))
    place: dict[str, Any] = {n: tuple(getattr(image, n)[i] for i in order) for n in PLACE}
    return replace(image, data=data, axes="".join(image.axes[i] for i in order), **place)


def refusal(message: str) -> ComparisonError:
    """Return the error for one finding."""
    return ComparisonError([Finding("no-image-set", Severity.ERROR, message)])
