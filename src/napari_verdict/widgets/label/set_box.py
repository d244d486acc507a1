"""Which images are labelled as one: those of a folder, or several that are open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_verdict.comparison.axes import UNKNOWN
from napari_verdict.viewer.layers import comparable, kind_of
from napari_verdict.viewer.pictures import SHOWS
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.open_images import pictures_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_verdict.report.image_set import ImageSet

#: What tiles may be drawn over.
ONE, FOLDER, OPEN = "one", "folder", "open"
OVER = {ONE: "one open image", FOLDER: "the images of a folder", OPEN: "several open images"}
#: Milliseconds after the last letter of a path.
_SETTLING = 400
_LAYER = Qt.ItemDataRole.UserRole
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked
#: Reasons that are shown; the tooltip has all.
_SHOWN = 3


class SetBox(QWidget):
    """Finds images in a worker and says in words what was found, and what does not fit."""

    #: Other images were found, or none.
    changed = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.images: ImageSet | None = None
        self.kind = ONE
        self.trouble = ""
        self.folder, self.predictions = PathRow("Images"), PathRow("Prediction folders", more=True)
        self.maps = PathRow("Confidence maps")
        self.conditions, self.open = QComboBox(), QListWidget()
        self._asks_maps = False
        self.said = QLabel()
        self._found: ImageSet | None = None
        self._letter, self._share = "", True
        #: What was found, with its axis named and with those of channels.
        self._named: ImageSet | None = None
        self._job = Job(self)
        self._job.done.connect(self._on_found)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SETTLING)
        self._later.timeout.connect(self._find)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._fill_form()
        self.folder.changed.connect(self._later.start)
        self.predictions.changed.connect(self._later.start)
        self.maps.changed.connect(self._later.start)
        self.conditions.editTextChanged.connect(self._later.start)
        self.open.itemChanged.connect(self._find)
        self.show_kind(ONE)

    def _fill_form(self) -> None:
        self.conditions.setEditable(True)
        for key, title in (("subfolders", "subfolders"), ("none", "none")):
            self.conditions.addItem(title, key)
        self.said.setWordWrap(True)
        self.said.setAccessibleName("What was found")
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        for label, control, tip in (
            ("Images", self.folder, "A folder; images of its subfolders count too"),
            ("Predictions", self.predictions, "Folders of label images, one for each model, with "
             "the names of the images; several with ; between them. May be none"),
            ("Confidence", self.maps, "A folder of probabilities of foreground: images of floats "
             "from 0 to 1, named as the images are. Near one half tiles are drawn more often"),
            ("Conditions", self.conditions, "What images were taken of: their subfolders, a CSV "
             "file (first column the image, a column “condition”), or a pattern in names such "
             "as (control|treated)"),
            ("Open images", self.open, "Tick those to label. Labels layers whose names begin with "
             "that of an image are its predictions"),
        ):  # fmt: skip
            control.setToolTip(tip)
            if not isinstance(control, PathRow):
                control.setAccessibleName(label)
            self._form.addRow(label, control)
        self._form.addRow(self.said)

    # ---- what is chosen

    def show_kind(self, kind: str) -> None:
        """Ask for a folder, for open images, or for nothing."""
        self.kind = kind
        for control in (self.folder, self.predictions, self.conditions):
            self._form.setRowVisible(control, kind == FOLDER)
        self._form.setRowVisible(self.open, kind == OPEN)
        self._form.setRowVisible(self.maps, kind == FOLDER and self._asks_maps)
        self.setVisible(kind != ONE)
        self._found, self.images, self.trouble = None, None, ""
        if kind != ONE:
            self._find()

    def ask_for_maps(self, on: bool) -> None:
        """Ask for a folder of maps, or not."""
        if on != self._asks_maps:
            self._asks_maps = on
            self._form.setRowVisible(self.maps, self.kind == FOLDER and on)
            if self.kind == FOLDER and self.maps.paths:
                self._later.start()

    def show_layers(self, layers: Iterable[Any]) -> None:
        """Offer these layers; what was ticked stays ticked."""
        items = [self.open.item(i) for i in range(self.open.count())]
        ticked = {id(i.data(_LAYER)): i.checkState() for i in items}
        self._labels = [x for x in comparable(layers) if kind_of(x) == "labels"]
        with signals_blocked(self.open):
            self.open.clear()
            for layer in comparable(layers):
                if kind_of(layer) == "image" and SHOWS not in layer.metadata:
                    item = QListWidgetItem(layer.name)
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                    item.setCheckState(ticked.get(id(layer), _CHECKED))
                    item.setData(_LAYER, layer)
                    self.open.addItem(item)
        rows = min(max(self.open.count(), 1), 4)
        self.open.setFixedHeight(rows * (self.fontMetrics().height() + 6) + 8)
        if self.kind == OPEN:
            self._find()

    def name_axis(self, letter: str) -> None:
        """Say what the axis means that no file names."""
        self._letter = letter
        self._tell()

    def share(self, on: bool) -> None:
        """Say whether channels of an image share one label image."""
        self._share = on
        self._tell()

    @property
    def has_channels(self) -> bool:
        """Whether there are channels that share labels, or could."""
        return self._named is not None and ("c" in self._named.axes or self._named.shares)

    @property
    def decided(self) -> bool | None:
        """Whether predictions or maps say that channels share labels; None where none does."""
        images = self.images
        known = images is not None and (images.predictions or images.has_maps)
        return images.shares if images is not None and known else None

    @property
    def forms(self) -> tuple[ImageSet, ...]:
        """The images as they may be labelled: with one label image for all channels, or not."""
        if self._named is None:
            return ()
        both = self.decided is None and "c" in self._named.axes
        return (self._named.shared(), self._named) if both else (self._named,)

    def of_axes(self, axes: str) -> ImageSet | None:
        """Return the images whose labels have these axes."""
        return next((f for f in self.forms if f.axes == axes), self.images)

    def stop(self) -> None:
        """Look for no more images."""
        self._later.stop()
        self._job.cancel()

    # ---- what is found

    def _find(self, *_: Any) -> None:
        self._found, self.trouble = None, ""
        if self.kind == OPEN:
            from napari_verdict.report.image_set import set_of

            items = [self.open.item(i) for i in range(self.open.count())]
            chosen = [i.data(_LAYER) for i in items if i.checkState() == _CHECKED]
            pictures, left_out = pictures_of(chosen, self._labels)
            self._found = set_of(pictures, left_out)
        elif self.kind == FOLDER and self.folder.paths:
            folder, predictions = self.folder.paths[0], self.predictions.paths
            how = self.conditions.currentText().strip()
            maps = next(iter(self.maps.paths), None) if self._asks_maps else None

            def steps(token: Any) -> Any:
                from napari_verdict.report.image_search import find_images

                return (yield from find_images(folder, predictions, how, token, maps))

            self.said.setText("Looking for images …")
            self._job.start(steps, "Looking for images")
        self._tell()

    def _on_found(self, outcome: Any) -> None:
        said = words_of(outcome)
        self._found, self.trouble = (None, said) if said else (outcome, "")
        self._tell()

    def _tell(self) -> None:
        found = self._found
        if found is not None and self._letter and UNKNOWN in found.axes:
            found = found.named(self._letter)
        self._named = found
        if found is not None and self._share and not (found.predictions or found.has_maps):
            found = found.shared()
        self.images = found
        if found is None:
            asking = self.kind == FOLDER and not self.folder.paths
            waiting = self.said.text() if self._job.is_busy else ""
            text = "Choose the folder that holds the images." if asking else waiting
            self.trouble = self.trouble or text or "Looking for images …"
        else:
            self.trouble = "" if len(found.pictures) > 1 else _FEW
            text = f"{found.sentence}."
            reasons = [f"✖ {name}: {why}" for name, why in found.left_out.items()]
            more = len(reasons) - _SHOWN
            text = "\n".join(
                [text, *reasons[:_SHOWN], *([f"… and {more} more"] if more > 0 else [])]
            )
            self.said.setToolTip("\n".join(reasons))
        self.said.setText(text)
        self.changed.emit()


_FEW = "There are fewer than two images that fit. Label one open image, or choose another folder."


class PathRow(QWidget):
    """A field for folders, which may be dropped on it, and a button that asks for one.

    Parameters
    ----------
    name : str
        What a person calls it.
    more : bool
        Whether there may be several, with ``;`` between them.
    """

    #: Other folders are named.
    changed = Signal()

    def __init__(self, name: str, *, more: bool = False) -> None:
        super().__init__()
        self._more = more
        self.field, self.button = QLineEdit(), QPushButton("Add…" if more else "Choose…")
        self.field.setAccessibleName(name)
        self.button.setAccessibleName(f"{name}: {self.button.text()}")
        self.button.setToolTip("Choose a folder")
        self.setAcceptDrops(True)
        self.field.setAcceptDrops(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.field)
        row.addWidget(self.button)
        self.field.textChanged.connect(self.changed)
        self.button.clicked.connect(self._ask)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The folders."""
        parts = self.field.text().split(";") if self._more else [self.field.text()]
        return tuple(Path(p.strip()).expanduser() for p in parts if p.strip())

    def add(self, *folders: str) -> None:
        """Name folders, beside those that are named where there may be several."""
        known = [str(p) for p in self.paths] if self._more else []
        self.field.setText("; ".join([*known, *folders]))

    def setToolTip(self, tip: str | None) -> None:
        """Show it over the field."""
        self.field.setToolTip(tip or "")

    def dragEnterEvent(self, event: Any) -> None:
        """Take what lies on a disk."""
        if any(u.isLocalFile() for u in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Name what was dropped."""
        self.add(*(u.toLocalFile() for u in event.mimeData().urls()))

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.field.accessibleName())
        if folder:
            self.add(folder)
