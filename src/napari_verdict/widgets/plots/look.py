"""The colours of napari's theme as plots need them, and how candidates are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme

if TYPE_CHECKING:
    from collections.abc import Iterable

# Okabe and Ito's colours: the lighter ones on dark, the darker ones on light
_ON_DARK = ("#56b4e9", "#e69f00", "#cc79a7", "#009e73", "#f0e442")
_ON_LIGHT = ("#0072b2", "#b8510a", "#a03a72", "#00795a", "#7d6b00")
# as many as make the two come together in other pairs the second time round
_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
_MARKERS = ("o", "s", "^", "D", "v", "P")

#: What an entry's kind looks like: marker and position in the colours above.
_KINDS = {
    "matched": (".", 0),
    "missed": ("+", 1),
    "extra": ("x", 2),
    "split": ("^", 3),
    "merge": ("v", 3),
    "many-to-many": ("D", 3),
    "inaccurate": ("s", 4),
    "ignored": ("_", None),
    "not labelled": ("1", None),
}


@dataclass(frozen=True)
class Mark:
    """How one line or group of points is drawn.

    Parameters
    ----------
    colour : str
        Hexadecimal RGB.
    dash : str or tuple
        A line style of matplotlib.
    marker : str
        A marker of matplotlib.
    """

    colour: str
    dash: Any
    marker: str


@dataclass(frozen=True)
class Look:
    """Colours of a theme, as hexadecimal RGB.

    Parameters
    ----------
    background, text, faint, accent : str
        Of the paper, of letters and axes, of grid and what is over, and of where we are.
    colours : tuple of str
        Five that are told apart by colour-blind eyes too, on that background.
    """

    background: str
    text: str
    faint: str
    accent: str
    colours: tuple[str, ...]

    def candidates(self, names: Iterable[str]) -> dict[str, Mark]:
        """Return the mark of each candidate: the same wherever they stand in the same order."""
        return {
            name: Mark(
                self.colours[i % len(self.colours)],
                _DASHES[i % len(_DASHES)],
                _MARKERS[i % len(_MARKERS)],
            )
            for i, name in enumerate(names)
        }

    def kind(self, kind: str) -> Mark:
        """Return the mark of a kind of entry."""
        marker, place = _KINDS.get(kind, ("o", 0))
        return Mark(self.faint if place is None else self.colours[place], "-", marker)


def look_of(theme: str) -> Look:
    """Return the colours of a napari theme."""
    colours = get_theme(theme)
    background = colours.background
    dark = sum(background.as_rgb_tuple()[:3]) < 3 * 128
    return Look(
        background.as_hex("long"),
        colours.text.as_hex("long"),
        colours.primary.as_hex("long"),
        colours.text.as_hex("long"),
        _ON_DARK if dark else _ON_LIGHT,
    )
