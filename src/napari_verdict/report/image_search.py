"""Images of a folder, with predictions and conditions: found by name, without their pixels."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import unique_names
from napari_verdict.comparison.result import Progress
from napari_verdict.comparison.words import times
from napari_verdict.report.image_set import ImageSet, Picture, alike, refusal
from napari_verdict.report.ome import bare_name, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken

#: Endings of image files.
ENDINGS = frozenset({".tif", ".tiff", ".npy", ".png", ".jpg", ".jpeg", ".bmp"})
#: How conditions may be told, beside a CSV file and a pattern.
SUBFOLDERS, NO_CONDITIONS = "subfolders", "none"


def find_images(
    folder: Path,
    predictions: Sequence[Path],
    conditions: str,
    token: CancelToken,
    confidence: Path | None = None,
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
    confidence : Path, optional
        A folder of probabilities of foreground, as files of floats; their names are as those of
        predictions.

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
    maps_in = () if confidence is None else (confidence,)
    for one in (folder, *predictions, *maps_in):
        if not one.is_dir():
            raise refusal(f"There is no folder {str(one)!r}.")
    yield Progress(0, 1, "looking for images")
    condition_of = _conditions(conditions)
    files = _files_in(folder, [p for p in (*predictions, *maps_in) if p != folder], token)
    names = unique_names([p.name for p in predictions])
    partners = {
        name: _partners(files, _files_in(one, (), token))
        for name, one in zip(names, predictions, strict=True)
    }
    maps = {m: _partners(files, _files_in(m, (), token)) for m in maps_in}
    pictures, left_out = [], {}
    for done, (name, path) in enumerate(files.items()):
        token.check()
        yield Progress(done, len(files), "looking at images")
        try:
            mine = {p: there.get(name) for p, there in partners.items()}
            picture = _picture(name, path, condition_of(name), mine)
            for at, there in maps.items():
                picture = _with_map(picture, at, there.get(name))
            pictures.append(picture)
        except ComparisonError as error:
            left_out[name] = " ".join(f.message for f in error.findings)
    return ImageSet(folder.name, folder, *alike(pictures, left_out))


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
        if name in found:  # of two files of one name, the second keeps its ending
            name = path.relative_to(folder).as_posix()
        found[name] = path
    return found


def _partners(images: Iterable[str], files: Mapping[str, Path]) -> dict[str, Path]:
    """Return the file that belongs to each image."""
    names = tuple(images)
    found = {name: files[name] for name in names if name in files}
    rest = [name for name in names if name not in found]
    for file in sorted(files, key=len):
        if files[file] in found.values():
            continue
        # a file belongs to the longest name it begins with, also where that one has a file already
        image = partner_of(file, names) or _alone(file, rest)
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
        raise refusal(f"its axes are {head.axes!r}, and tiles need y and x last")
    picture = Picture(name, axes, shape, path, condition, rgb=rgb)
    files: dict[str, Path | Input] = {}
    for prediction, file in predictions.items():
        if file is None:
            raise refusal(f"{prediction} has no file of this name")
        head, called = measure(file), f"{prediction} ({file.name})"
        if head.dtype.kind not in "biu":
            raise refusal(f"{called} holds {head.dtype} values, and labels are whole numbers")
        if not files:
            picture = as_labelled(picture, head.shape)
        if head.shape != picture.shape:
            raise refusal(
                f"{called} has {times(head.shape)} pixels, the image {times(picture.shape)}"
            )
        files[prediction] = file
    return replace(picture, predictions=files)


def _with_map(picture: Picture, folder: Path, file: Path | None) -> Picture:
    if file is None:
        raise refusal(f"{folder.name} has no file of this name")
    head = measure(file)
    if head.dtype.kind != "f":
        raise refusal(
            f"{folder.name} ({file.name}) holds {head.dtype} values, and probabilities are floats "
            "from 0 to 1"
        )
    if not picture.predictions:
        picture = as_labelled(picture, head.shape)
    if head.shape != picture.shape:
        raise refusal(
            f"{folder.name} ({file.name}) has {times(head.shape)} pixels, the image "
            f"{times(picture.shape)}"
        )
    return replace(picture, confidence=file)


def as_labelled(picture: Picture, shape: tuple[int, ...]) -> Picture:
    """Return an image with channels that share labels where labels of a shape have no channels."""
    named = picture.named("c") if "c" not in picture.axes and not picture.rgb else picture
    shared = named.shared()
    return shared if shared.channel is not None and shared.shape == shape else picture


def _conditions(how: str) -> Callable[[str], str]:
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
        raise refusal(
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
        raise refusal(f"The table {str(path)!r} cannot be read ({error}).") from error
    head = [c.strip().lower() for c in rows[0]] if rows else []
    if len(head) < 2:
        raise refusal(
            f"The table {path.name!r} has fewer than two columns. The first names images, the one "
            "called “condition”, or the last, what they were taken of."
        )
    column = head.index("condition") if "condition" in head else len(head) - 1
    wide = [row for row in rows if len(row) > column]
    names = {row[0].strip(): row[column].strip() for row in wide}
    bare = {str(Path(n).parent / bare_name(Path(n))): c for n, c in names.items()}
    return bare | names
