"""How the kinds of entries look: a sign, a colour that colour-blind eyes can tell, words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KindStyle:
    """How one kind is shown.

    Parameters
    ----------
    sign : str
        One or two letters, so that colour is never the only sign.
    colour : str
        Hexadecimal RGB, as in the overlays where they have it; "" for none.
    meaning : str
        One plain sentence.
    """

    sign: str
    colour: str
    meaning: str


KINDS: dict[str, KindStyle] = {
    "missed": KindStyle("FN", "#2f6fe8", "In the ground truth, and the prediction has nothing."),
    "extra": KindStyle("FP", "#e0402a", "In the prediction, and the ground truth has nothing."),
    "split": KindStyle("S", "#56c8e8", "One true object, several predicted pieces."),
    "merge": KindStyle("M", "#f08c2e", "Several true objects, one predicted object."),
    "many-to-many": KindStyle("MM", "#b07ad9", "Several true and predicted objects, entangled."),
    "inaccurate": KindStyle("~", "#b9f0ff", "Found, but the overlap is below the threshold."),
    "matched": KindStyle("TP", "#ffe24a", "Matched at this threshold."),
    "too bright": KindStyle("+", "#ffb14a", "Brighter than the ground truth."),
    "too dark": KindStyle("−", "#7cc4ff", "Darker than the ground truth."),
    "structure": KindStyle("≠", "#b07ad9", "Another structure than in the ground truth."),
    "moved": KindStyle("→", "#56c8e8", "The same structure in another place."),
    "worse than raw": KindStyle("↓", "#e0402a", "Farther from the ground truth than raw is."),
    "ignored": KindStyle(
        "–", "#9a9a9a", "Ignored, by the mask or the settings: it counts neither way."
    ),
    "not labelled": KindStyle(
        "NL", "#9a5e7c", "In the prediction, where the ground truth is sparse: it may be right."
    ),
    "shown without photons": KindStyle(
        "∅", "#2f8ff0", "The prediction shows something for which raw has no photons."
    ),
    "photons not shown": KindStyle(
        "γ", "#ff8c1a", "Raw has photons for something that the prediction does not show."
    ),
    "raw cannot tell": KindStyle("?", "#b07ad9", "Predictions differ; raw is with neither."),
    "raw supports it": KindStyle("✓", "#ffe24a", "Predictions differ; raw is with this one."),
    # what a person says of an entry; it has no colour of its own
    "not judged": KindStyle("·", "", "Nobody has said yet what it is."),
    "real error": KindStyle("E", "", "The prediction is wrong."),
    "ground truth wrong": KindStyle("GT", "", "The prediction is right, or nearer to it."),
    "ambiguous": KindStyle("?", "", "It cannot be told from the image."),
    "fine": KindStyle("ok", "", "Nothing that matters."),
}
_ANOTHER = KindStyle("✗", "#e0402a", "Predictions differ; raw is with the one that is named.")
_OTHER = KindStyle("!", "#f08c2e", "A place to look at.")

#: Kinds that nothing is wrong with.
FINE = frozenset({"matched", "ignored", "not labelled"})


def style_of(kind: str) -> KindStyle:
    """Return how a kind is shown, whatever it is."""
    known = KINDS.get(kind)
    if known is None and kind.startswith("raw supports "):
        return _ANOTHER
    return known or _OTHER
