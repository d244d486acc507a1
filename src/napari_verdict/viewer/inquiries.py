"""Layers to an inquiry: raw and predictions without ground truth, and what tells the noise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Input, unique_names
from napari_verdict.viewer.layers import kind_of, pixels_of
from napari_verdict.viewer.snapshot import share_axes, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_verdict.comparison.evidence.model import EvidenceSettings, Inquiry
    from napari_verdict.viewer.layers import Roles

#: Under which a noisy layer's metadata says how it was made.
EXPOSURE = "exposure"


def camera_in(layer: Any | None) -> dict[str, float] | None:
    """Return what a layer's metadata says of the camera, by the names of `NoiseModel.of_camera`.

    Parameters
    ----------
    layer : napari layer or None
        With ``gain``, ``offset`` and ``read_noise`` in its metadata, or in `EXPOSURE` there as
        images have that were made noisy.

    Returns
    -------
    dict of str to float, or None
        None where one of them is missing or no number that a camera can have.
    """
    if layer is None:
        return None
    from napari_verdict.comparison.evidence.source import camera_in_metadata

    return camera_in_metadata(layer.metadata.get(EXPOSURE, layer.metadata))


def inquiry_of(
    roles: Roles,
    settings: EvidenceSettings,
    captures: Sequence[Any] = (),
    stacks: Sequence[Any] = (),
) -> Inquiry:
    """Freeze the chosen layers into the question whether raw supports the predictions.

    Parameters
    ----------
    roles : Roles
        Raw and predictions; a ground truth has no part in it.
    settings : EvidenceSettings
        How evidence is looked for.
    captures : sequence of napari Image layers
        Further noisy captures of the field of raw.
    stacks : sequence of napari Image layers
        Captures without light, or of an evenly lit field, along the first axis.

    Raises
    ------
    ComparisonError
        If a layer is missing or cannot be frozen; all reasons at once.
    """
    from napari_verdict.comparison.evidence.model import Inquiry, stack_of

    findings: list[Finding] = []
    if roles.raw is None:
        findings.append(_error("no-raw", "Choose raw: the image that was denoised."))
    if not roles.predictions:
        findings.append(_error("no-prediction", "Tick at least one prediction to check."))
    findings += [
        _error(
            "not-an-image",
            f"“{x.name}” is a {kind_of(x).capitalize()} layer. What raw has photons for can be "
            "checked for denoised images only; untick it, or choose a ground truth.",
            x.name,
        )
        for x in roles.predictions
        if kind_of(x) != "image"
    ]
    findings += [
        _error(
            "no-stack",
            f"“{x.name}” is one image. A dark or lit stack holds several captures of one "
            "illumination along its first axis; untick it, or open the whole stack.",
        )
        for x in stacks
        if len(pixels_of(x).shape) < 3
    ]
    frozen: list[Input] = []
    for layer in (roles.raw, *roles.predictions, *captures) if not findings else ():
        try:
            frozen.append(snapshot(layer, like=roles.raw))
        except ComparisonError as error:
            findings += error.findings
    if findings:
        raise ComparisonError(findings)
    raw, *rest = share_axes(frozen)
    n = len(roles.predictions)
    names = unique_names([p.name for p in rest[:n]])
    return Inquiry.of(
        raw,
        [replace(p, name=name) for p, name in zip(rest[:n], names, strict=True)],
        settings,
        captures=rest[n:],
        calibration=[stack_of(x.name, pixels_of(x)) for x in stacks],
    )


def _error(code: str, message: str, candidate: str | None = None) -> Finding:
    return Finding(code, Severity.ERROR, message, candidate)
