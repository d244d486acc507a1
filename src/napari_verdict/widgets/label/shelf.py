"""Several images that are labelled as one: brings one at a time to the desk, and puts it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_verdict.annotation.origins import Action, Step
from napari_verdict.annotation.planning import Wanted
from napari_verdict.viewer.pictures import SHOWS, layer_for, placement_for, show
from napari_verdict.viewer.placement import place
from napari_verdict.viewer.truth import AMBIGUOUS, KEPT, TRUTH, forget_steps, pixels_kept
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.desk import BY_HAND
from napari_verdict.widgets.label.keeper import close_meanwhile, record_note
from napari_verdict.widgets.label.opening import Sitting
from napari_verdict.widgets.label.opening_set import (
    Broken,
    Taken,
    comparison_elsewhere,
    labelled_elsewhere,
    opening_set,
    taking,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.report.image_set import ImageSet
    from napari_verdict.report.journal import Journal
    from napari_verdict.report.labels_set import Labelled
    from napari_verdict.widgets.label.asked import Asked
    from napari_verdict.widgets.label.dock import LabelWidget
    from napari_verdict.widgets.label.opening_set import OpenedSet

#: Milliseconds until it is looked again whether the image on the desk is saved.
_PATIENCE = 100


class Shelf(QObject):
    """Where the images are that are labelled as one.

    The layers stay while what they show changes; labels of each image have a folder of their own.

    Parameters
    ----------
    dock : LabelWidget
        Where they are labelled.
    """

    def __init__(self, dock: LabelWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        self.images: ImageSet | None = None
        #: Where tiles are kept that are spread over the images.
        self.notes: Journal | None = None
        #: Where the labels are kept of each image that was labelled, by its name.
        self.folders: dict[str, Path] = {}
        self._wanted, self._taken = -1, None  # type: tuple[int, Taken | None]
        self._steps: Iterator[None] | None = None
        #: Layers that still show the image before.
        self._waiting: list[Any] = []
        self._job = Job(self)
        self._job.done.connect(self._on_taken)
        # one layer an event-loop turn, so that the window stays alive
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._go_on)
        dock.desk.wanted.connect(self.fetch)
        dock.page.images.chosen.connect(self.bring)
        dock.state.events.current.connect(self._on_current)

    @property
    def is_on(self) -> bool:
        """Whether several images are labelled."""
        return self.images is not None

    # ---- beginning and end

    def steps(self, asked: Asked) -> Any:
        """Return what a worker does before the first tile."""
        images = asked.images
        wanted = Wanted(
            images.tiled,
            lambda name: images[name].predicted(),
            asked.size,
            asked.depth,
            0 if asked.draw == "hand" else asked.number,
            asked.seed,
            "" if asked.draw in ("hand", "random") else asked.draw,
            (lambda name: images[name].probabilities()) if images.has_maps else None,
            asked.by,
        )
        begun = asked.truth if isinstance(asked.truth, Sitting) else None
        there = pixels_kept(self._dock._viewer.layers)
        return lambda token: opening_set(wanted, images, asked.annotator, begun, token, there)

    def begin(self, asked: Asked, opened: OpenedSet) -> None:
        """Show the first image, and label it."""
        labelling, taken = opened.labelling, opened.taken
        self.images, self.folders = asked.images, dict(labelling.folders)
        self.notes = labelling.journal()
        self._remember(taken)
        page = self._dock.page
        page.images.offer([p.name for p in asked.images.pictures])
        page.images.show_image(taken.picture.name)
        viewer = self._dock._viewer
        raw = layer_for(viewer, taken.image, "", rgb=taken.picture.rgb)
        predictions = tuple(layer_for(viewer, p, p.name) for p in taken.predictions)
        self._dock.starting.begin(
            replace(asked, raw=raw, axes=asked.images.axes, predictions=predictions, truth=None),
            taken.opened,
            opened.task,
        )
        if self._dock.work is not None and any("correcting" in n for n in labelling.notes):
            self._dock.work.keeper.corrected = True

    def stop(self) -> None:
        """Label one image again from now on; what was noted is saved."""
        self._job.cancel()
        self._turn.stop()
        if self._taken is not None and self._steps is not None:
            # all layers show the same image, and its labels are found again
            self._remember(self._taken)
            for layer in self._waiting:
                self._show(layer, self._taken)
        self._waiting = []
        self._steps = self._taken = self.images = None
        self._dock.page.images.offer(())
        if self.notes is not None:
            close_meanwhile(self.notes)
            self.notes = None

    # ---- from image to image

    def fetch(self, k: int) -> None:
        """Bring the image of a tile to the desk, and then the tile in hand."""
        self._fetch(self._dock.state.plan.tiles[k].image, k)

    def bring(self, name: str) -> None:
        """Bring an image to the desk, with no tile in hand."""
        self._dock.hands.cancel()
        self._dock.page.bar.clear()
        self._fetch(name, -1)

    def _fetch(self, name: str, k: int) -> None:
        state, images = self._dock.state, self.images
        if images is None or self._steps is not None:
            return
        self._wanted, self._taken = k, None
        plan = state.plan
        state.message = f"Opening {name} …"
        folder, who = self.folders.get(name), state.annotator
        dtype = state.bench.truth.data.dtype
        self._job.start(
            lambda token: taking(images[name], plan, folder, who, token, dtype), f"Opening {name}"
        )

    def _on_current(self, _: int) -> None:
        if self._steps is None:  # a tile of the image that is open was taken in hand meanwhile
            self._job.cancel()
            self._taken = None
            self._show_here()

    def _show_here(self) -> None:
        """Show which image is on the desk, whichever was chosen."""
        bench = self._dock.state.bench
        if self.is_on and bench is not None:
            self._dock.page.images.show_image(bench.image)

    def _on_taken(self, outcome: Any) -> None:
        state = self._dock.state
        if isinstance(outcome, Taken):
            self._taken = outcome
            self._go_on()
        elif isinstance(outcome, Broken):
            state.plan = state.plan.skip_open({outcome.image: outcome.reason})
            following = state.plan.next_open(self._wanted)
            if following is not None and self._wanted >= 0:
                self._dock.desk.go(following)
            self._show_here()
            skipped = any(t.image == outcome.image for t in state.plan.tiles)
            state.message = outcome.reason + " Its tiles are skipped." * skipped
        else:
            self._show_here()
            state.message = words_of(outcome)

    def _go_on(self) -> None:
        """Change one thing; the next one in the next turn of the event loop."""
        if self._taken is not None and self._steps is None:
            if not self._is_put_away():
                return
            self._steps = self._changing(self._taken)
        if self._steps is not None:
            more = False
            try:
                more = next(self._steps, self) is not self
            finally:
                if more:
                    self._turn.start(0)
                else:
                    self._steps = self._taken = None

    def _is_put_away(self) -> bool:
        """Whether the image on the desk is saved, so that another may take its place."""
        work, state = self._dock.work, self._dock.state
        if work is None:
            self._taken = None
            return False
        self._dock.hands.cancel()
        work.look()
        if work.keeper.is_saved:
            return True
        if work.keeper.worry:
            self._taken = None
            self._show_here()
            state.message = (
                f"{work.keeper.worry} Until then {state.bench.image} stays on the desk, so that "
                "nothing is lost; its other tiles can be labelled."
            )
        else:
            self._turn.start(_PATIENCE)
        return False

    def _changing(self, taken: Taken) -> Iterator[None]:
        """Let the layers show another image, one after another, and take the tile in hand."""
        dock, state, page = self._dock, self._dock.state, self._dock.page
        bench, work = state.bench, dock.work
        assert work is not None
        dock.live.pause()
        dock.put_work_away()
        # nothing is painted or asked for until all layers show the same image
        bench.truth.mode, by_keys = "pan_zoom", page.images.hasFocus()
        page.set_ready(False)
        try:
            mask = dock.desk.ambiguous
            self._waiting = [bench.truth, mask, *bench.predictions, bench.raw]
            while self._waiting:
                yield
                if state.bench is not bench:
                    return  # labelling was ended meanwhile
                self._show(self._waiting.pop(0), taken)
            yield
            if state.bench is not bench:
                return
            self._remember(taken)
            bench = replace(bench, image=taken.picture.name)
            turning = dock.desk.turning_to(bench, state.plan, self._wanted, taken.opened.empty)
            for _ in turning:
                yield
                if state.bench is not bench:
                    return  # labelling was ended meanwhile
            yield
            if state.bench is not bench:
                return
        finally:
            page.set_ready(True)
            self._show_here()
            if by_keys:  # a control that is not ready for a moment loses the keys
                page.images.setFocus()
        dock.sit_down(taken.opened, work.keeper.corrected)
        kept = taken.opened.kept
        if mask is None and kept is not None and kept.ignore is not None:
            dock.desk.need_ambiguous(kept.ignore)
        more = ""
        if state.tile is None:
            dock._viewer.reset_view()
            more = f" {BY_HAND}"
        state.message = taken.opened.said or (
            f"{taken.picture.name} is open. Undo goes back as far as here.{more}"
        )

    def _remember(self, taken: Taken) -> None:
        """Keep where the labels of an image are kept, so that they are found again."""
        from napari_verdict.report.set_places import note_of

        kept, name = taken.opened.kept, taken.picture.name
        if kept is None or self.notes is None or name in self.folders:
            return
        self.folders[name] = kept.folder
        step = Step(Action.MARK, kept.record.annotator, datetime.now(UTC))
        record_note(self.notes, note_of(self.notes.folder, name, kept.folder), step)

    def _show(self, layer: Any, taken: Taken) -> None:
        """Let a layer show what it showed, of another image."""
        kept, mask = taken.opened.kept, cast("Any", self._dock.desk.ambiguous)
        truth = self._dock.state.bench.truth
        assert kept is not None
        if layer not in self._dock._viewer.layers:
            return
        if layer is truth or layer is mask:
            ignored = np.zeros(kept.labels.shape, np.uint8) if kept.ignore is None else kept.ignore
            layer.data, name = (kept.labels, TRUTH) if layer is truth else (ignored, AMBIGUOUS)
            layer.metadata[KEPT] = str(kept.folder), name
            forget_steps(layer)  # they were made on the image before
            place(layer, placement_for(taken.picture.labelled(taken.image), layer.ndim))
        else:
            shown = {p.name: p for p in taken.predictions} | {"": taken.image}
            show(layer, shown[layer.metadata[SHOWS]])

    # ---- scores

    def named(self, comparison: Comparison) -> Comparison:
        """Return a comparison with predictions called as in the other images."""
        names = self._names
        ours = tuple(replace(p, name=n) for p, n in zip(comparison.predictions, names, strict=True))
        return replace(comparison, predictions=ours)

    def elsewhere(self, comparison: Comparison) -> Callable[[str], Comparison]:
        """Return what reads the comparison of another image in a worker."""
        images, names, folders = self.images, self._names, dict(self.folders)
        assert images is not None
        return lambda name: comparison_elsewhere(
            images[name], folders.get(name), comparison.task, names, comparison.settings
        )

    def reader(self, image: Input, mine: Callable[[], Any]) -> Callable[[str], Labelled]:
        """Return what reads the labels of any image in a worker.

        `image` is on the desk; of it `mine` returns labels, origins and ignore mask.
        """
        from napari_verdict.report.labels_set import Labelled

        images, folders = self.images, dict(self.folders)
        assert images is not None
        picture = images[image.name]
        here = replace(image, path=picture.path)

        def read(name: str) -> Labelled:
            if name != here.name:
                return labelled_elsewhere(images[name], folders.get(name))
            return Labelled(here, picture.condition, *mine())

        return read

    @property
    def _names(self) -> list[str]:
        return [layer.metadata[SHOWS] for layer in self._dock.state.bench.predictions]
