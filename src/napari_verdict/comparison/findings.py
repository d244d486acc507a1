"""What preflight finds, what it means, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"  # worth knowing; nothing to do
    WARNING = "warning"  # scores are computed; they may not mean what they seem to
    ERROR = "error"  # nothing is computed until it is settled


@dataclass(frozen=True)
class Remedy:
    """A way out that a person can accept; accepted ones are recorded as decisions.

    Parameters
    ----------
    id : str
        What `Settings.decisions` holds once it is accepted, e.g. ``crop-to-common``.
    label : str
        The button's text, e.g. "Crop both to 512 × 510".
    """

    id: str
    label: str


@dataclass(frozen=True)
class Finding:
    """One thing that preflight found.

    Parameters
    ----------
    code : str
        Stable name, e.g. ``shape-mismatch``.
    severity : Severity
        Whether it blocks.
    message : str
        A sentence or three: what was found, what it means, the way out. No jargon.
    candidate : str, optional
        The input it concerns, where it is one.
    remedies : tuple of Remedy
        Ways out that can be taken by a click, best first.
    """

    code: str
    severity: Severity
    message: str
    candidate: str | None = None
    remedies: tuple[Remedy, ...] = ()


class ComparisonError(ValueError):
    """The comparison cannot be made as asked; the message says why and what to do.

    Parameters
    ----------
    findings : list of Finding
        Those that block.
    """

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(" ".join(f.message for f in findings))


def blocking(findings: list[Finding]) -> list[Finding]:
    """Return the findings that forbid computing."""
    return [f for f in findings if f.severity is Severity.ERROR]
