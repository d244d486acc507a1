"""The Python face of evidence: does raw support what predictions show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.evidence.model import (
    SCALES,
    EvidenceSettings,
    Inquiry,
    stack_of,
)
from napari_verdict.comparison.evidence.source import noise_from, noise_in_metadata
from napari_verdict.comparison.inputs import array_from, input_from
from napari_verdict.comparison.model import unique_names
from napari_verdict.comparison.run import complete, run

if TYPE_CHECKING:
    from napari_verdict.comparison.evidence.result import EvidenceResult
    from napari_verdict.metrics.noise import NoiseModel


def check_evidence(
    prediction: Any,
    raw: Any,
    *,
    noise: NoiseModel | Mapping[str, float] | None = None,
    captures: Sequence[Any] = (),
    dark: Any | None = None,
    flat: Any | Sequence[Any] = (),
    saturation: float | None = None,
    axes: str | None = None,
    spacing: tuple[float, ...] | None = None,
    ignore: Any | None = None,
    alarms: float = 0.1,
    scales: tuple[float, ...] = SCALES,
    limit_scale: float = 3.0,
    fit: bool | None = None,
    threads: int | None = None,
) -> EvidenceResult:
    """Ask raw whether it supports what denoised images show, without ground truth.

    Raw minus prediction must look like the camera's noise and like nothing else. Where it does
    not, the prediction shows something for which there are no photons, or hides something for
    which there are. That is evidence, not validation: errors below the limit, and those that raw
    shares, cannot be seen.

    Parameters
    ----------
    prediction : array-like or mapping of str to array-like
        One denoised image, or several by name. numpy, dask or zarr; never changed.
    raw : array-like
        What was denoised, of the same shape, as the camera gave it.
    noise : NoiseModel or mapping, optional
        Of the camera: ``gain`` in ADU per electron, ``offset`` in ADU, ``read_noise`` in
        electrons and, for an EMCCD, ``excess``. Else it is read from the ``attrs`` of raw (zarr,
        xarray) by the same names, measured from captures, from dark and flat stacks, or estimated
        from raw and prediction, in this order.
    captures : sequence of array-like
        Further noisy captures of the field of raw, of its shape, which no prediction was made
        from. They give errors (``umse``, ``upsnr``) against the clean image nobody has.
    dark : array-like, optional
        A stack of captures without light, along its first axis.
    flat : array-like or sequence of array-like
        Stacks of captures of an evenly lit field, one illumination each.
    saturation : float, optional
        Pixels of raw that reach it are left out; found by default.
    axes : str, optional
        One letter an axis out of ``tczyx``; ``yx`` for 2D. For more axes it must be given.
    spacing : tuple of float, optional
        Physical size of a pixel along each axis.
    ignore : array-like of bool, optional
        True where pixels are left out.
    alarms : float
        False alarms expected in all of the image.
    scales : tuple of float
        Standard deviations of the windows evidence is gathered under, in pixels.
    limit_scale : float
        Of the blob the detectability limit is of, in pixels.
    fit : bool, optional
        Whether predictions are brought to the grey values of raw by gain and offset; by default
        those that are far off.
    threads : int, optional
        By default one for each processor.

    Returns
    -------
    EvidenceResult
        With `scores`, `maps` (``evidence limit residual``), `entries(name)`, `disputes`, `verdict`
        and `to_json()`.

    Raises
    ------
    ComparisonError
        In plain words, where raw cannot be a witness.

    Examples
    --------
    >>> result = check_evidence({"cnn": cnn}, raw)  # doctest: +SKIP
    >>> result.entries("cnn").value  # doctest: +SKIP
    array([-22.43, 5.44])
    """
    named = prediction if isinstance(prediction, Mapping) else {"prediction": prediction}
    names = unique_names([str(n) for n in named])
    evenly = flat if isinstance(flat, Sequence) else (flat,)
    stacks = [*(() if dark is None else (dark,)), *evenly]
    known = noise_from(noise) or noise_in_metadata(getattr(raw, "attrs", None))
    inquiry = Inquiry.of(
        input_from("raw", raw, axes, spacing),
        [input_from(n, d, axes, spacing) for n, d in zip(names, named.values(), strict=True)],
        EvidenceSettings(known, saturation, alarms, tuple(scales), limit_scale, fit),
        captures=[input_from(f"capture {k + 1}", c, axes, spacing) for k, c in enumerate(captures)],
        calibration=[stack_of(f"stack {k + 1}", array_from(s)) for k, s in enumerate(stacks)],
        ignore=ignore,
    )
    return complete(run(inquiry, threads=threads))  # type: ignore[return-value]
