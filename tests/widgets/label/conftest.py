"""A person before a window in which tiles are labelled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QLineEdit

from labelled import TILE, objects, objects_of, prediction, write_folder
from napari_verdict.widgets.label.dock import LabelWidget
from stories.person import Person


class Labeller(Person):
    """A person with the dock open."""

    dock: Any
    home: Any

    @property
    def state(self) -> Any:
        return self.dock.state

    @property
    def truth(self) -> Any:
        return self.state.bench.truth

    def start(self, **choices: Any) -> None:
        """Choose what the tiles are like, press Start, and wait for the first."""
        setup = self.dock.setup
        setup.tiles.size.setValue(TILE)
        for name, value in choices.items():
            control = getattr(setup.tiles if hasattr(setup.tiles, name) else setup, name)
            if hasattr(control, "setValue"):
                control.setValue(value)
            else:
                control.setCurrentIndex(control.findData(value))
                control.activated.emit(control.currentIndex())
        self.click("Start labelling")
        self.wait(lambda: self.state.bench is not None, "the first tile")
        self.pause()

    def corner(self) -> np.ndarray:
        """Where the tile in hand begins (y, x)."""
        return np.array([self.state.tile.box[2], self.state.tile.box[4]])

    def paint(self, *places: tuple[float, float], label: int | None = None) -> None:
        """Paint a stroke with the brush, at places of the tile in hand."""
        if label is not None:
            self.truth.selected_label = label
        self.drag_image(self.truth, *(tuple(self.corner() + p) for p in places))
        self.pause(30)

    def give(self, labels: np.ndarray) -> None:
        """Put labels into the tile in hand and around it, as one step."""
        from napari_verdict.annotation.edits import difference
        from napari_verdict.annotation.origins import Action

        window, truth = self.state.window, self.truth
        target = truth.data.copy()
        target[window] = labels[window]
        change = difference(truth.data[window], target, window)
        self.dock.work.watch.edit(change, Action.PAINT)

    def key(self, letter: str) -> None:
        """Press Shift and a letter over the canvas."""
        self.focus_canvas()
        self.press(f"Shift+{letter}")

    def says_of_set(self) -> str:
        """What the dock says of the images of a folder."""
        return self.dock.setup.set.said.text()

    def label_tile(self, labels: np.ndarray | None = None) -> None:
        """Label the tile in hand as it should be, finish it, and wait for the next one."""
        tile = self.state.tile
        self.give(objects_of(tile.image) if labels is None else labels)
        self.key("D")
        self.wait(lambda: self.is_settled and self.state.tile.place != tile.place, "the next tile")

    @property
    def is_settled(self) -> bool:
        """Whether the image of the tile in hand is on the desk, and watched."""
        return self.dock.work is not None and self.state.tile.image == self.state.bench.image

    def says(self) -> str:
        """What the dock says."""
        return self.dock.page.bar.text.text() if self.dock.page.bar.isVisible() else ""


def sit_down(viewer: Any, home: Any) -> Labeller:
    """Open the dock in a window that has the keyboard."""
    person = Labeller(viewer)
    person.home = home
    person.dock = LabelWidget(viewer)
    viewer.window.add_dock_widget(person.dock, name="Label ground truth", area="right")
    person.window.activateWindow()
    person.wait(person.window.isActiveWindow, "the keyboard")
    return person


@pytest.fixture
def sit() -> Any:
    """What opens the dock in a window that a test has filled."""
    return sit_down


@pytest.fixture
def labeller(make_napari_viewer: Any, qtbot: Any, tmp_path: Any, monkeypatch: Any) -> Labeller:
    """Somebody with an image of squares and a model of them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    viewer = make_napari_viewer()
    placed = {"scale": (0.5, 0.5), "units": ("um", "um"), "axis_labels": ("y", "x")}
    viewer.add_image(objects() > 0, name="raw", **placed)
    viewer.add_labels(prediction(), name="model", **placed)
    return sit_down(viewer, tmp_path)


@pytest.fixture
def folder(make_napari_viewer: Any, qtbot: Any, tmp_path: Any, monkeypatch: Any) -> Labeller:
    """Somebody with three images of squares in a folder, which is named in the dock."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write_folder(tmp_path)
    person = sit_down(make_napari_viewer(), tmp_path)
    choose_folder(person)
    return person


def choose_folder(person: Labeller) -> None:
    """Name the folder, and wait until its images are found."""
    person.choose("Label over", "folder")
    for name, at in (("Images", "images"), ("Prediction folders", "model")):
        person.click(person.find(name, QLineEdit))
        person.type(str(person.home / at))
    person.wait(lambda: "predictions of model" in person.says_of_set(), "the images")
    person.pause()


@pytest.fixture
def stack(make_napari_viewer: Any, qtbot: Any, tmp_path: Any, monkeypatch: Any) -> Labeller:
    """Somebody with twelve planes of squares, whose first axis has no name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    viewer = make_napari_viewer()
    labels = np.repeat(objects()[np.newaxis], 12, axis=0)
    viewer.add_image((labels > 0) * 50.0, name="stack")
    viewer.add_labels(labels, name="model")
    return sit_down(viewer, tmp_path)
