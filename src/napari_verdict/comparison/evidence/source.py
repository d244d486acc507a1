"""What metadata say of the camera that took raw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from napari_verdict.metrics.noise import NoiseModel

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where noise is known from that metadata told.
READ = "read from metadata"


def camera_in_metadata(metadata: Any) -> dict[str, float] | None:
    """Return what metadata say of the camera, by the names of `NoiseModel.of_camera`.

    Parameters
    ----------
    metadata : mapping
        With ``gain`` in ADU per electron, ``offset`` in ADU, ``read_noise`` in electrons and
        perhaps ``excess``, as numbers or their text; what else is in it does not matter.

    Returns
    -------
    dict of str to float, or None
        None where one of them is missing or no number that a camera can have.
    """
    try:
        gain, offset, read_noise = (float(metadata[n]) for n in ("gain", "offset", "read_noise"))
        excess = float(metadata.get("excess", 1.0))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    known = {"gain": gain, "offset": offset, "read_noise": read_noise, "excess": excess}
    good = all(map(math.isfinite, known.values())) and gain > 0 and read_noise >= 0 and excess >= 1
    return known if good else None


def noise_in_metadata(metadata: Any) -> NoiseModel | None:
    """Return the noise model of a camera that metadata tell of; None where they do not."""
    camera = camera_in_metadata(metadata)
    return None if camera is None else NoiseModel.of_camera(**camera, source=READ)


def noise_from(given: NoiseModel | Mapping[str, float] | None) -> NoiseModel | None:
    """Return a noise model from the values of a camera.

    Parameters
    ----------
    given : NoiseModel or mapping, optional
        ``gain``, ``offset``, ``read_noise`` and perhaps ``excess``, as of `NoiseModel.of_camera`.

    Raises
    ------
    ValueError
        If a value is missing, unknown or out of range.
    """
    if given is None or isinstance(given, NoiseModel):
        return given
    needed, known = ("gain", "offset", "read_noise"), ("gain", "offset", "read_noise", "excess")
    if unknown := set(given) - set(known):
        raise ValueError(f"The camera has no {', '.join(sorted(unknown))}, but {', '.join(known)}.")
    if missing := [n for n in needed if n not in given]:
        raise ValueError(f"The camera lacks {', '.join(missing)}.")
    gain, offset, read = (float(given[n]) for n in needed)
    return NoiseModel.of_camera(gain, offset, read, float(given.get("excess", 1.0)))
