"""What image files say beside pixels, axes and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from pathlib import Path


def metadata_of(path: str | Path) -> dict[str, object]:
    """Return what a TIFF file says of its image, by name.

    Parameters
    ----------
    path : str or Path
        Of any file.

    Returns
    -------
    dict
        Entries of ImageJ, of tifffile's own description in JSON, and of the map annotations of
        OME; empty where there is none, or the file is no TIFF.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            found: dict[str, object] = dict(file.imagej_metadata or {})
            for described in file.shaped_metadata or ():
                found |= described
            if file.ome_metadata:
                found |= _annotated(file.ome_metadata)
    except (tifffile.TiffFileError, OSError, ElementTree.ParseError):
        return {}
    return found


def _annotated(xml: str) -> dict[str, object]:
    """Return the map annotations of OME, the first of each name."""
    found: dict[str, object] = {}
    for entry in ElementTree.fromstring(xml).iterfind(".//{*}MapAnnotation/{*}Value/{*}M"):
        found.setdefault(entry.get("K", ""), entry.text)
    return found
