"""How far people agree, said anew when nobody paints any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.agreed import Agreed, agreeing

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_verdict.annotation.agreement import Both
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Comparison
    from napari_verdict.widgets.label.agreed import Second

#: How long nobody paints before people are compared anew, in ms.
_REST = 400


@dataclass(frozen=True, eq=False)
class Sides:
    """Who is compared with whom.

    Parameters
    ----------
    plan : Plan
        Tiles of the first person.
    first : callable
        Takes the name of an image and returns predictions against the first's labels.
    seconds : tuple of Second
        The others.
    here : str
        The image on the desk, which may be painted on.
    unit : str
        What intervals count: ``tile`` or ``image``.
    how : tuple
        What counts of other images depend on, such as the threshold of a match.
    """

    plan: Plan
    first: Callable[[str], Comparison]
    seconds: tuple[Second, ...]
    here: str
    unit: str
    how: Any


class LiveAgreement(QObject):
    """Compares people in a worker; counts of images that nobody paints on are kept.

    Parameters
    ----------
    parent : QObject
        Who listens.
    ask : callable
        Returns who is compared as things are now; None where there is nobody, or not yet.
    """

    #: How far they agree, a sentence for each prediction.
    said = Signal(str)
    #: Why it is not known: a sentence.
    failed = Signal(str)

    def __init__(self, parent: QObject, ask: Callable[[], Sides | None]) -> None:
        super().__init__(parent)
        self._ask, self._job = ask, Job(self)
        self._job.done.connect(self._on_done)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REST)
        self._later.timeout.connect(self.compare)
        self._known: dict[tuple[str, str], dict[int, Both]] = {}
        self._how: Any = None
        self._here = ""

    def stir(self) -> None:
        """Compare when nobody paints any more."""
        self._later.start()

    def compare(self) -> None:
        """Compare as things are now."""
        sides = self._ask()
        if sides is None:
            return
        if sides.how != self._how:
            self._known, self._how = {}, sides.how
        self._here = sides.here
        self._known = {k: counts for k, counts in self._known.items() if k[1] != sides.here}
        known = dict(self._known)
        to_compare = sides.plan, sides.first, sides.seconds, known, sides.unit
        self._job.start(lambda token: agreeing(*to_compare, token), "Comparing two people")

    def stop(self) -> None:
        """Compare no more."""
        self._later.stop()
        self._job.cancel()
        self._known, self._how = {}, None

    def _on_done(self, outcome: Any) -> None:
        if not isinstance(outcome, Agreed):
            self.failed.emit(words_of(outcome))
            return
        # what is painted on the desk may change before it is asked for again
        self._known |= {k: dict(c) for k, c in outcome.counts.items() if k[1] != self._here}
        self.said.emit("\n".join(o.sentence for o in outcome.opinions))
