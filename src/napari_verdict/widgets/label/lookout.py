"""Looks ahead while a person chooses: what was begun before, and how large tiles should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_verdict.annotation.tile_size import Proposed
from napari_verdict.comparison.axes import UNKNOWN
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.widgets.job import Job
from napari_verdict.widgets.label import compared
from napari_verdict.widgets.label.opening import comparing, looking, sizing
from napari_verdict.widgets.label.opening_set import looking_for_sets, sizing_set

if TYPE_CHECKING:
    from napari_verdict.widgets.label.setup_box import SetupBox
    from napari_verdict.widgets.label.state import Labelling


class Lookout(QObject):
    """Fills in what can be known of the choices, in workers.

    Parameters
    ----------
    setup : SetupBox
        Where a person chooses.
    state : Labelling
        Nothing is looked for while somebody labels.
    parent : QObject
        The dock.
    """

    def __init__(self, setup: SetupBox, state: Labelling, parent: QObject) -> None:
        super().__init__(parent)
        self._setup, self._state = setup, state
        self._begun, self._size, self._given = Job(self), Job(self), Job(self)
        self._begun.done.connect(self._on_begun)
        self._size.done.connect(self._on_size)
        self._given.done.connect(self._on_given)
        setup.changed.connect(self.look)
        setup.changed.connect(self.propose_size)
        setup.predicted.connect(self.propose_size)
        setup.given.connect(self.compare_given)

    def look(self) -> None:
        """Look for labels of what is chosen that were begun before."""
        setup = self._setup
        raw, axes, images = setup.raw.currentData(), setup.axes, setup.set.images
        if UNKNOWN in axes or self._state.bench is not None:
            return
        if setup.is_one and raw is not None:
            setup.wait_for_offer()
            image, *others = (compared.labelled_input(raw, form) for form in setup.forms)
            self._begun.start(lambda t: looking(image, t, *others), "Looking for labels")
        elif not setup.is_one and images is not None:
            setup.wait_for_offer()
            sets = setup.set.forms
            self._begun.start(lambda token: looking_for_sets(sets, token), "Looking for labels")

    def propose_size(self) -> None:
        """Look how large the objects are that a tile should hold a few of."""
        setup, images = self._setup, self._setup.set.images
        if not setup.is_ready or self._state.bench is not None:
            return
        if not setup.is_one:
            assert images is not None
            self._size.start(lambda token: sizing_set(images, token), "Looking at objects")
            return
        raw, axes = setup.raw.currentData(), setup.axes
        try:
            predictions = compared.frozen_predictions(raw, axes, setup.chosen())
            image = compared.labelled_input(raw, axes)
        except ComparisonError:
            return  # said when labelling starts
        self._size.start(lambda token: sizing(image, predictions, token), "Looking at objects")

    def compare_given(self) -> None:
        """Look which of the objects to go on with a prediction has just so."""
        setup = self._setup
        self._given.cancel()
        raw, axes, layer = setup.raw.currentData(), setup.axes, setup.truth.layer
        if layer is None or not setup.is_ready or self._state.bench is not None:
            return
        try:
            predictions = compared.frozen_predictions(raw, axes, setup.chosen())
            labels = compared.frozen_labels(raw, axes, layer)
        except ComparisonError:
            return  # said when labelling starts
        assert labels is not None
        self._given.start(lambda t: comparing(labels, predictions, t), "Comparing with predictions")

    def stop(self) -> None:
        """Look no more."""
        self._given.cancel()
        self._begun.cancel()
        self._size.cancel()
        self._setup.set.stop()

    def _on_begun(self, outcome: Any) -> None:
        self._setup.offer(outcome if isinstance(outcome, tuple) else ())

    def _on_given(self, outcome: Any) -> None:
        if isinstance(outcome, dict):
            self._setup.tell_predicted(outcome)

    def _on_size(self, outcome: Any) -> None:
        if isinstance(outcome, Proposed):
            self._setup.tiles.propose(outcome)
