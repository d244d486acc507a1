"""Image files become inputs; maps and overlays become OME-TIFF."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from napari_verdict.comparison.axes import axes_of
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Input
from napari_verdict.engine.descriptions import TiffPages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_verdict.engine.cancel import CancelToken

OME_ORDER = "tczyx"
#: A file with more bytes of pixels than these stays where it is, and is read block by block.
LARGE_BYTES = 1 << 30
NAME_OF_UNIT = {"µm": "micrometer", "um": "micrometer", "\\u00B5m": "micrometer"} | {
    "micron": "micrometer", "nm": "nanometer", "mm": "millimeter", "pm": "picometer",
    "s": "second", "ms": "millisecond", "min": "minute",
}  # fmt: skip
_SYMBOL_OF_UNIT = {
    "micrometer": "µm", "nanometer": "nm", "millimeter": "mm", "picometer": "pm",
    "second": "s", "millisecond": "ms", "minute": "min", "pixel": "pixel",
}  # fmt: skip


def read_input(path: str | Path, name: str | None = None, axes: str | None = None) -> Input:
    """Read an image file as an input.

    Parameters
    ----------
    path : str or Path
        TIFF, OME-TIFF or ImageJ TIFF, whose axes and pixel sizes are read too; .npy; or
        anything Pillow reads, such as PNG, where an image with a palette is its indices.
    name : str, optional
        What to call it; by default the file's name without its endings.
    axes : str, optional
        One letter an axis; overrides what the file says.

    Returns
    -------
    Input
        Axes the file does not name are ``?``. Its `path` is absolute.

    Raises
    ------
    ComparisonError
        If there is no such file, it is no image, or `axes` do not fit it.
    """
    path = Path(path)
    if not path.is_file():
        raise _refusal("no-such-file", f"There is no file {str(path)!r}.")
    suffix = path.suffix.lower()
    try:
        if suffix in (".tif", ".tiff"):
            data, found, sizes = _read_tiff(path)
        elif suffix == ".npy":
            data = np.load(path, mmap_mode="r", allow_pickle=False)
            data = np.array(data) if data.nbytes < LARGE_BYTES else data
            found, sizes = axes_of(data.ndim), {}
        else:
            from PIL import Image

            with Image.open(path) as image:
                data = np.asarray(image)
            found, sizes = "yxc" if data.ndim == 3 else axes_of(data.ndim), {}
    except Exception as error:
        # decoders raise whatever they like; to the person it is one thing
        raise _refusal(
            "unreadable-file", f"{path.name!r} cannot be read as an image ({_one_line(error)})."
        ) from error
    if axes is not None and len(axes) != data.ndim:
        raise _refusal(
            "axes-count",
            f"{path.name!r} has {data.ndim} axes ({_shape(data)}), but {axes!r} names {len(axes)}.",
        )
    axes = axes or found
    return Input(
        name or bare_name(path),
        data,
        axes,
        scale=tuple(sizes.get(a, (1.0, "pixel"))[0] for a in axes),
        units=tuple(sizes.get(a, (1.0, "pixel"))[1] for a in axes),
        path=str(path.resolve()),
    )


@dataclass(frozen=True)
class Measured:
    """What the head of an image file says; its pixels were not read.

    Parameters
    ----------
    shape : tuple of int
        Size along each axis.
    axes : str
        One letter an axis; ``?`` where the file does not name it.
    dtype : dtype
        Of the pixels.
    """

    shape: tuple[int, ...]
    axes: str
    dtype: np.dtype[Any]


def measure(path: Path) -> Measured:
    """Read how large an image file is, without its pixels; files as `read_input` takes them.

    Raises
    ------
    ComparisonError
        If it cannot be read.
    """
    try:
        return _measured(path)
    except Exception as error:
        raise _refusal(
            "unreadable-file", f"{path.name!r} cannot be read as an image ({_one_line(error)})."
        ) from error


def _measured(path: Path) -> Measured:
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        import tifffile

        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            return Measured(tuple(series.shape), _axes_named(series.axes), np.dtype(series.dtype))
    if suffix == ".npy":
        data = np.load(path, mmap_mode="r", allow_pickle=False)
        return Measured(data.shape, axes_of(data.ndim), data.dtype)
    from PIL import Image, ImageMode

    with Image.open(path) as image:
        mode = ImageMode.getmode(image.mode)
        height, width, bands = image.height, image.width, len(mode.bands)
    dtype = np.dtype(mode.typestr)
    if bands == 1:
        return Measured((height, width), "yx", dtype)
    return Measured((height, width, bands), "yxc", dtype)


def bare_name(path: Path) -> str:
    """Return a file's name without ``.tif``, ``.ome.tif`` and the like."""
    return path.name.removesuffix(path.suffix).removesuffix(".ome")


def write_ome_tiff(path: Path, data: Any, like: Input, token: CancelToken | None = None) -> None:
    """Write a map or overlay as OME-TIFF with the axes and pixel sizes of an input.

    Parameters
    ----------
    path : Path
        Where to.
    data : array-like
        Shaped as `like`, or with one more axis at the end: red, green, blue. A lazy one is computed
        plane by plane. Stored compressed (zlib), axes in the order t, c, z, y, x.
    like : Input
        The ground truth it belongs to.
    token : CancelToken, optional
        Checked at every plane.
    """
    import tifffile

    axes = "".join(a for a in OME_ORDER if a in like.axes)
    rgb = data.ndim > len(axes)
    metadata: dict[str, Any] = {"axes": axes.upper() + "S" * rgb}
    for letter, size, unit in zip(like.axes, like.scale, like.units, strict=True):
        symbol = _SYMBOL_OF_UNIT.get(NAME_OF_UNIT.get(str(unit), str(unit)))
        if symbol is None or (symbol == "pixel" and size == 1):
            continue
        if letter in "zyx":
            metadata[f"PhysicalSize{letter.upper()}"] = abs(float(size))
            metadata[f"PhysicalSize{letter.upper()}Unit"] = symbol
        elif letter == "t" and symbol != "pixel":
            metadata |= {"TimeIncrement": float(size), "TimeIncrementUnit": symbol}
    order = [like.axes.index(a) for a in axes] + [len(axes)] * rgb
    pixels = data.transpose(order)
    tifffile.imwrite(
        path,
        _planes(pixels, 2 + rgb, token),
        shape=pixels.shape,
        dtype=pixels.dtype,
        ome=True,
        bigtiff=data.nbytes > 2**32 - 2**25,
        photometric="rgb" if rgb else "minisblack",
        compression="zlib",
        metadata=metadata,
    )


def _planes(pixels: Any, ndim: int, token: CancelToken | None) -> Iterator[NDArray[Any]]:
    for index in np.ndindex(pixels.shape[:-ndim]):
        if token is not None:
            token.check()
        yield np.ascontiguousarray(pixels[index])


def _read_tiff(path: Path) -> tuple[Any, str, dict[str, tuple[float, str]]]:
    """Read the first series: pixels, axes, and (size, unit) by axis where given."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        data = _pixels_of(path, series)
        axes = _axes_named(series.axes)
        sizes: dict[str, tuple[float, str]] = {}
        if file.ome_metadata:
            sizes = _ome_sizes(file.ome_metadata)
        elif file.imagej_metadata:
            sizes = _imagej_sizes(file)
    return data, axes, sizes


def _axes_named(letters: str) -> str:
    named = {"T": "t", "C": "c", "S": "c", "Z": "z", "Y": "y", "X": "x"}
    axes = "".join(named.get(a, "?") for a in letters)
    # channels of RGB pages: which are meant is for the person to say
    return axes.replace("c", "?") if axes.count("c") > 1 else axes


def _pixels_of(path: Path, series: Any) -> Any:
    """Read the first series, or where it is large say where it lies: mapped, or by pages."""
    import tifffile

    if series.nbytes < LARGE_BYTES:
        return series.asarray()
    if series.dataoffset is not None:  # in one piece, and not compressed
        return tifffile.memmap(path, series=0, mode="r")
    page, pages = tuple(series.keyframe.shape), len(series.pages)
    leading = series.shape[: len(series.shape) - len(page)]
    if series.shape[len(leading) :] == page and math.prod(leading) == pages:
        return TiffPages(str(path.resolve()), 0, tuple(series.shape), np.dtype(series.dtype), page)
    return series.asarray()


def _ome_sizes(xml: str) -> dict[str, tuple[float, str]]:
    pixels = next(e for e in ElementTree.fromstring(xml).iter() if e.tag.endswith("}Pixels"))
    keys = {a: f"PhysicalSize{a.upper()}" for a in "zyx"} | {"t": "TimeIncrement"}
    sizes = {}
    for axis, key in keys.items():
        if key in pixels.attrib:
            unit = pixels.get(f"{key}Unit", "s" if axis == "t" else "µm")
            sizes[axis] = (float(pixels.attrib[key]), NAME_OF_UNIT.get(unit, unit))
    return sizes


def _imagej_sizes(file: Any) -> dict[str, tuple[float, str]]:
    meta, tags = file.imagej_metadata, file.pages[0].tags
    unit = str(meta.get("unit", "pixel"))
    unit = NAME_OF_UNIT.get(unit, unit)
    sizes = {}
    for axis, tag in (("y", "YResolution"), ("x", "XResolution")):
        count, per = tags[tag].value if tag in tags else (0, 1)
        if count and unit != "pixel":
            sizes[axis] = (per / count, unit)
    if sizes and "spacing" in meta:
        sizes["z"] = (float(meta["spacing"]), unit)
    return sizes


def _refusal(code: str, message: str) -> ComparisonError:
    return ComparisonError([Finding(code, Severity.ERROR, message)])


def _one_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _shape(data: Any) -> str:
    return " × ".join(str(n) for n in data.shape)
