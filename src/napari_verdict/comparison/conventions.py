"""The named conventions under which restoration is scored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """Normalisation, fit and data range: what a restoration score depends on.

    Parameters
    ----------
    id : str
        Stable name, for records and the command line.
    title : str
        Name for people.
    percentiles : (float, float) or None
        Ground truth is scaled so that these percentiles become 0 and 1, without clipping;
        None leaves it unchanged.
    fit : str
        How a candidate is brought to the ground truth: ``least-squares`` (gain and offset),
        ``zerocost`` (both centred, covariance with N - 1 over variance with N) or ``none``.
    per_plane : bool
        Normalise and fit each z plane by itself instead of the whole volume.
    summary : str
        One plain sentence for hover text and docs.
    """

    id: str
    title: str
    percentiles: tuple[float, float] | None
    fit: str
    per_plane: bool
    summary: str


LAINE_2021 = Convention(
    "laine2021",
    "Laine 2021",
    (0.1, 99.9),
    "least-squares",
    False,
    "Ground truth scaled by its 0.1 and 99.9 percentiles without clipping; each candidate "
    "fitted to it by gain and offset; data range 1.",
)
ZEROCOST = Convention(
    "zerocostdl4mic",
    "ZeroCostDL4Mic as published",
    (0.1, 99.9),
    "zerocost",
    True,
    "As the published notebooks compute it, plane by plane: both images centred, the candidate "
    "scaled by covariance over variance; what they call NRMSE is the root of the mean absolute "
    "error and is named zc_sqrt_mae here.",
)
RAW_UNITS = Convention(
    "raw-units",
    "Raw units",
    None,
    "none",
    False,
    "Pixels as they are, nothing fitted; data range is maximum minus minimum of the ground truth.",
)

CONVENTIONS: dict[str, Convention] = {c.id: c for c in (LAINE_2021, ZEROCOST, RAW_UNITS)}
