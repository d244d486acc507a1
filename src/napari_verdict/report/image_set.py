"""Several images that are labelled as one: found in folders by name, with their predictions."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import RgbInput, unique_names
from napari_verdict.comparison.result import Progress
from napari_verdict.comparison.words import counted, sentence, times
from napari_verdict.report.ome import Measured, bare_name, measure, read_input

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken

#: Endings of image files.
ENDINGS = frozenset({".tif", ".tiff", ".npy", ".png", ".jpg", ".jpeg", ".bmp"})
#: How conditions may be told, beside a CSV file and a pattern.
SUBFOLDERS, NO_CONDITIONS = "subfolders", "none"


@dataclass(frozen=True, eq=False)
class Picture:
    """One image of a set, and its predictions; pixels are read when they are asked for.

    Parameters
    ----------
    name : str
        Its file below the folder, without its ending; unique within the set.
    axes : str
        One letter an axis of its labels, out of ``tczyx``; the channels of RGB are none.
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
    """

    name: str
    axes: str
    shape: tuple[int, ...]
    source: Path | Input
    condition: str = ""
    predictions: Mapping[str, Path | Input] = field(default_factory=dict)
    rgb: bool = False

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

    def image(self) -> Input:
        """Read the image, of RGB with a last axis ``c``.

        Raises
        ------
        ComparisonError
            If its file cannot be read, or is not as it was when it was found.
        """
        image = replace(_read(self.source, self.axes + "c" * self.rgb), name=self.name)
        shape = image.shape[:-1] if self.rgb else image.shape
        self._compare(shape, self.name)
        return image

    def labelled(self, image: Input) -> Input:
        """Return what of the image is labelled; the channels of RGB are no axis of it."""
        if not self.rgb:
            return image
        n = len(self.axes)
        place = image.scale[:n], image.translate[:n], image.units[:n]
        pixels = image.data[..., 0], self.axes, *place, image.path, image.data[..., :3]
        return RgbInput(image.name, *pixels)

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

    def _compare(self, shape: tuple[int, ...], name: str) -> None:
        if shape != self.shape:
            raise _refusal(
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
    def conditions(self) -> dict[str, int]:
        """How many images there are of each condition."""
        return dict(sorted(Counter(p.condition for p in self.pictures).items()))

    @property
    def tiled(self) -> tuple[TiledImage, ...]:
        """What tiles are drawn from."""
        return tuple(p.tiled for p in self.pictures)

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
        if self.left_out:
            text += f"; {counted(len(self.left_out), 'file')} left out"
        return sentence(text)


def find_images(
    folder: Path,
    predictions: Sequence[Path],
    conditions: str,
    token: CancelToken,
) -> Generator[Progress, None, ImageSet]:
    """Find the images of a folder, with their predictions and conditions; reads no pixels.

    Parameters
    ----------
    folder : Path
        Its images, and those of its subfolders. Folders of labels that were begun, hidden ones
        and those of predictions hold none.
    predictions : sequence of Path
        Folders of label images; each is named after its folder. A file belongs to the image of
        the same name in the same subfolder, else to the one whose name it begins with.
    conditions : str
        ``subfolders``: the first folder below. ``none``. A path that ends in ``.csv``: a table
        with a column ``condition``, or the last one, and names of images in the first. Else a
        pattern (a regular expression) that is looked for in names; its first group, or all of
        it, is the condition.
    token : CancelToken
        Checked at every file.

    Yields
    ------
    Progress

    Returns
    -------
    ImageSet
        What does not fit is left out, with the reason.

    Raises
    ------
    ComparisonError
        If there is no such folder, or conditions cannot be told so.
    Cancelled
        If the token was set.
    """
    for one in (folder, *predictions):
        if not one.is_dir():
            raise _refusal(f"There is no folder {str(one)!r}.")
    yield Progress(0, 1, "looking for images")
    condition_of = _conditions(conditions)
    files = _files_in(folder, [p for p in predictions if p != folder], token)
    names = unique_names([p.name for p in predictions])
    others = {name: _files_in(one, (), token) for name, one in zip(names, predictions, strict=True)}
    partners = {name: _partners(files, there) for name, there in others.items()}
    pictures, left_out = [], {}
    for done, (name, path) in enumerate(files.items()):
        token.check()
        yield Progress(done, len(files), "looking at images")
        try:
            mine = {p: found.get(name) for p, found in partners.items()}
            pictures.append(_picture(name, path, condition_of(name), mine))
        except ComparisonError as error:
            left_out[name] = " ".join(f.message for f in error.findings)
    return ImageSet(folder.name, folder, *_alike(pictures, left_out))


def set_of(pictures: Iterable[Picture], left_out: Mapping[str, str]) -> ImageSet:
    """Return open images as a set; those of other axes than most are left out as well."""
    chosen = tuple(pictures)
    return ImageSet(counted(len(chosen), "open image"), None, *_alike(chosen, dict(left_out)))


def partner_of(name: str, images: Iterable[str]) -> str | None:
    """Return the image that a name begins with, the longest; None where there is none.

    What follows in the name begins with another sign than a letter or digit, so that *image 1* is
    not taken for the beginning of *image 10*.
    """
    fitting = [i for i in images if name == i or re.match(re.escape(i) + r"[^A-Za-z0-9]", name)]
    return max(fitting, key=len, default=None)


def _files_in(folder: Path, without: Sequence[Path], token: CancelToken) -> dict[str, Path]:
    """Return the image files below a folder, by their names without ending."""
    found: dict[str, Path] = {}
    away = {p.resolve() for p in without}
    for path in sorted(folder.rglob("*")):
        token.check()
        parts = path.relative_to(folder).parts
        hidden = any(p.startswith(".") or p.endswith(".labels") for p in parts)
        if hidden or path.suffix.lower() not in ENDINGS or not path.is_file():
            continue
        if away & {p.resolve() for p in path.parents}:
            continue
        name = (path.relative_to(folder).parent / bare_name(path)).as_posix()
        if name in found:  # of two files of one name, both keep their endings
            name = path.relative_to(folder).as_posix()
        found[name] = path
    return found


def _partners(images: Iterable[str], files: Mapping[str, Path]) -> dict[str, Path]:
    """Return the file that belongs to each image."""
    found = {name: files[name] for name in images if name in files}
    rest = [name for name in images if name not in found]
    for file in sorted(files, key=len):
        if files[file] in found.values():
            continue
        image = partner_of(file, rest) or _alone(file, rest)
        if image is not None:
            found.setdefault(image, files[file])
    return found


def _alone(file: str, images: Sequence[str]) -> str | None:
    """Return the only image of a file's name, in whichever subfolder it is."""
    bare = [Path(i).name for i in images]
    fits = partner_of(Path(file).name, bare)
    return images[bare.index(fits)] if fits is not None and bare.count(fits) == 1 else None


def _picture(
    name: str, path: Path, condition: str, predictions: Mapping[str, Path | None]
) -> Picture:
    head = measure(path)
    rgb = head.axes.endswith("c") and head.shape[-1] in (3, 4)
    axes, shape = (head.axes[:-1], head.shape[:-1]) if rgb else (head.axes, head.shape)
    if axes[-2:] != "yx":
        raise _refusal(f"its axes are {head.axes!r}, and tiles need y and x last")
    files: dict[str, Path | Input] = {}
    for prediction, file in predictions.items():
        if file is None:
            raise _refusal(f"{prediction} has no file of this name")
        _check(measure(file), shape, f"{prediction} ({file.name})")
        files[prediction] = file
    return Picture(name, axes, shape, path, condition, files, rgb)


def _check(head: Measured, shape: tuple[int, ...], name: str) -> None:
    if head.dtype.kind not in "biu":
        raise _refusal(f"{name} holds {head.dtype} values, and labels are whole numbers")
    if head.shape != shape:
        raise _refusal(f"{name} has {times(head.shape)} pixels, the image {times(shape)}")


def _alike(
    pictures: Sequence[Picture], left_out: dict[str, str]
) -> tuple[tuple[Picture, ...], dict[str, str]]:
    """Return the pictures with the axes that most have, and why the others are left out."""
    kinds = Counter((p.axes, p.rgb) for p in pictures)
    most = kinds.most_common(1)[0][0] if kinds else ("", False)
    for picture in pictures:
        if (picture.axes, picture.rgb) != most:
            mine = f"{picture.axes}{' in colour' * picture.rgb}"
            others = f"{most[0]}{' in colour' * most[1]}"
            left_out[picture.name] = f"its axes are {mine}, those of most images {others}"
    return tuple(p for p in pictures if p.name not in left_out), left_out


def _conditions(how: str) -> Any:
    """Return what tells the condition of a name."""
    if how in ("", NO_CONDITIONS):
        return lambda name: ""
    if how == SUBFOLDERS:
        return lambda name: name.partition("/")[0] if "/" in name else ""
    if how.lower().endswith(".csv"):
        table = _table(Path(how))
        return lambda name: table.get(name) or table.get(Path(name).name, "")
    try:
        pattern = re.compile(how)
    except re.error as error:
        raise _refusal(
            f"{how!r} is no pattern ({error}). Write one such as (control|treated), the path of a "
            "CSV file, or choose subfolders."
        ) from error

    def matched(name: str) -> str:
        found = pattern.search(name)
        return "" if found is None else (found.group(1 if pattern.groups else 0) or "")

    return matched


def _table(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _refusal(f"The table {str(path)!r} cannot be read ({error}).") from error
    head = [c.strip().lower() for c in rows[0]] if rows else []
    if len(head) < 2:
        raise _refusal(
            f"The table {path.name!r} has fewer than two columns. The first names images, the one "
            "called “condition”, or the last, what they were taken of."
        )
    column = head.index("condition") if "condition" in head else len(head) - 1
    wide = [row for row in rows if len(row) > column]
    names = {row[0].strip(): row[column].strip() for row in wide}
    bare = {str(Path(n).parent / bare_name(Path(n))): c for n, c in names.items()}
    return bare | names


def _read(source: Path | Input, axes: str) -> Input:
    if not isinstance(source, Path):
        return replace(source, axes=axes)
    return read_input(source, axes=axes if "?" not in axes else None)


def _refusal(message: str) -> ComparisonError:
    return ComparisonError([Finding("no-image-set", Severity.ERROR, message)])
