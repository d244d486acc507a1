"""What is compared: layers, task, settings, and what preflight has to say at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from napari_verdict.comparison.findings import ComparisonError, Finding
from napari_verdict.comparison.model import Task
from napari_verdict.viewer.inquiries import camera_in, inquiry_of
from napari_verdict.viewer.layers import (
    Roles,
    comparable,
    guess_captures,
    kind_of,
    pixels_of,
    settle,
)
from napari_verdict.viewer.regions import VIEW, limited, vertices_of
from napari_verdict.viewer.snapshot import comparison_of
from napari_verdict.widgets.findings_list import FindingsList
from napari_verdict.widgets.layer_choice import LayerChoice
from napari_verdict.widgets.noise_box import NoiseBox
from napari_verdict.widgets.region_choice import RegionChoice
from napari_verdict.widgets.settings_box import SettingsBox
from napari_verdict.widgets.state import choices_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.model import Comparison

_TASKS = {
    None: "from the layers",
    Task.RESTORATION: "Restoration",
    Task.INSTANCES: "Instances",
    Task.FOREGROUND: "Foreground",
    Task.SEMANTIC: "Classes",
    Task.DETECTIONS: "Detections",
    Task.EVIDENCE: "Evidence from raw",
}


_LABEL = QFormLayout.ItemRole.LabelRole


class ChoicePanel(QWidget):
    """Chooses, checks without reading pixels, and freezes the choice.

    Parameters
    ----------
    viewer : napari viewer
        Whose layers are offered.
    """

    #: Something was chosen, or the layers have changed.
    changed = Signal()
    #: A remedy was accepted.
    remedied = Signal()

    def __init__(self, viewer: Any, parent: Any = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.choices = choices_of(viewer)
        self._found: tuple[Any, tuple[Finding, ...]] = (None, ())
        self.layers = LayerChoice()
        self.regions = RegionChoice()
        self.task = QComboBox()
        self.settings = SettingsBox(self.choices)
        self.noise = NoiseBox(self.choices)
        self.findings = FindingsList()
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.task.addItems(list(_TASKS.values()))
        self.task.setAccessibleName("Task")
        self.task.setMinimumContentsLength(12)
        self.task.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        form = QFormLayout()
        form.addRow("Task", self.task)
        forms = (self.layers.layout(), self.regions.layout(), form)
        self._labels = [
            one.itemAt(i, _LABEL).widget() for one in forms for i in range(one.rowCount())
        ]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.layers)
        column.addWidget(self.regions)
        column.addLayout(form)
        for widget in (self.settings, self.noise, self.findings, self.hint):
            column.addWidget(widget)
        self.noise.picked.connect(self.refresh)
        self.layers.picked.connect(self._on_picked)
        self.regions.picked.connect(self._on_region)
        self.task.activated.connect(self._on_task)
        self.findings.accepted.connect(self._on_remedy)
        self.findings.forgotten.connect(self._on_forgotten)
        self.choices.events.connect(self._on_choices)
        events = viewer.layers.events
        self._events = (events.inserted, events.removed, events.renamed)
        for event in self._events:
            event.connect(self.refresh)
        self._seen: Any = None
        self.refresh()

    def showEvent(self, event: Any) -> None:
        """Align the fields of all forms, in the font that the window has by now."""
        super().showEvent(event)
        widest = max(label.sizeHint().width() for label in self._labels)
        for label in self._labels:
            label.setMinimumWidth(widest)

    @property
    def ready(self) -> bool:
        """Whether there is something to validate."""
        roles = self.choices.roles
        against = roles.raw if self.asks_raw else roles.ground_truth
        return against is not None and bool(roles.predictions)

    @property
    def asks_raw(self) -> bool:
        """Whether raw is asked for evidence, rather than a ground truth for scores."""
        return self.choices.effective_task()[0] is Task.EVIDENCE

    @property
    def inspects(self) -> bool:
        """Whether there is raw and a prediction, but no ground truth."""
        roles = self.choices.roles
        return roles.ground_truth is None and roles.raw is not None and bool(roles.predictions)

    def freeze(self) -> Comparison:
        """Return what is chosen as a frozen comparison.

        Raises
        ------
        ComparisonError
            If something is missing or a layer cannot be compared.
        """
        choices = self.choices
        task = choices.effective_task()[0]
        if task is Task.EVIDENCE:
            return self.freeze_inquiry()
        comparison = comparison_of(choices.roles, task, choices.settings())
        truth = choices.roles.ground_truth
        return limited(comparison, self._viewer, truth, choices.region, choices.ignore)

    def freeze_inquiry(self) -> Inquiry:
        """Return the question whether raw supports the predictions, frozen.

        Raises
        ------
        ComparisonError
            If something is missing or a layer cannot be compared.
        """
        choices = self.choices
        settings = choices.evidence_settings()
        inquiry = inquiry_of(choices.roles, settings, choices.captures, choices.stacks)
        limited_one = limited(inquiry, self._viewer, choices.roles.raw, None, choices.ignore)
        return cast("Inquiry", limited_one)

    def limits(self, task: Task) -> list[tuple[str, Any, Any]]:
        """Return what a result depends on beside what is compared.

        ``region``, ``ignore`` or ``noise``, the layer, and what it holds: corners of shapes, an
        image's pixels; None for labels, which are copied when it runs.
        """
        names = ("ignore",) if task is Task.EVIDENCE else ("region", "ignore")
        chosen = [(name, getattr(self.choices, name)) for name in names]
        limits = [
            (name, layer, vertices_of(layer) if kind_of(layer) == "shapes" else None)
            for name, layer in chosen
            if layer is not None and layer != VIEW
        ]
        if task is Task.EVIDENCE:
            measured = (*self.choices.captures, *self.choices.stacks)
            limits += [("noise", layer, pixels_of(layer)) for layer in measured]
        return limits

    def show_findings(self, findings: Iterable[Finding]) -> None:
        """Show what a run found, for as long as what was chosen stays the same."""
        self._found = (self._question(), tuple(findings))
        self.findings.show_findings(self._found[1], self.choices.decisions)

    def refresh(self, event: Any = None) -> None:
        """Bring the choosers up to date with the layers there are."""
        layers = self._viewer.layers
        shapes = [x for x in layers if kind_of(x) == "shapes"]
        seen = [(x, x.name) for x in (*comparable(layers), *shapes)]
        seen += [(getattr(self.choices, n), n) for n in ("region", "ignore")]
        seen += [(x, "noise") for x in (*self.choices.captures, *self.choices.stacks)]
        if seen == self._seen:
            return  # only layers of ours came, went or got another name
        self._seen = seen
        for name in ("region", "ignore"):
            layer = getattr(self.choices, name)
            if layer not in (None, VIEW) and layer not in layers:
                setattr(self.choices, name, None)
        if "captures" not in self.choices.picked:
            guess = guess_captures(layers)
            if guess != self.choices.captures:
                self.choices.captures = guess
        for name in ("captures", "stacks"):
            chosen = getattr(self.choices, name)
            if any(x not in layers for x in chosen):
                setattr(self.choices, name, tuple(x for x in chosen if x in layers))
        roles = settle(self._comparable(), self.choices.roles, self.choices.picked)
        if roles != self.choices.roles:
            self.choices.update({"roles": roles, "decisions": ()})
        self._read_camera()
        self._on_choices()

    def _read_camera(self) -> None:
        """Take the camera's noise from the metadata of raw, unless a person said what it is."""
        if "camera" in self.choices.picked:
            return
        found = camera_in(self.choices.roles.raw)
        names = {"gain": "camera_gain", "offset": "camera_offset"}
        wanted: dict[str, Any] = {names.get(n, n): v for n, v in (found or {}).items()}
        wanted |= {"entered": found is not None}
        wanted |= {"camera_from": "entered" if found is None else "read from metadata"}
        if any(getattr(self.choices, n) != v for n, v in wanted.items()):
            self.choices.update(wanted)

    def _comparable(self) -> list[Any]:
        """Return the layers that may be compared: what limits a comparison has no part in it."""
        choices = self.choices
        others = (choices.region, choices.ignore, *choices.captures, *choices.stacks)
        return [x for x in self._viewer.layers if x not in others]

    def stop(self) -> None:
        """Let go of the viewer."""
        self.choices.events.disconnect(self._on_choices)
        for event in self._events:
            event.disconnect(self.refresh)

    def _on_picked(self, role: str, roles: Roles) -> None:
        picked = self.choices.picked | {role}
        roles = settle(self._comparable(), roles, picked)
        self.choices.update({"picked": picked, "roles": roles, "decisions": ()})
        self._read_camera()

    def _on_region(self, name: str, chosen: Any) -> None:
        setattr(self.choices, name, chosen)
        self.refresh()

    def _on_task(self, index: int) -> None:
        self.choices.update({"task": list(_TASKS)[index], "decisions": ()})

    def _on_remedy(self, remedy: str) -> None:
        self.choices.decisions = (*self.choices.decisions, remedy)
        self.remedied.emit()

    def _on_forgotten(self) -> None:
        self.choices.decisions = ()

    def _on_choices(self, *_: Any) -> None:
        roles = self.choices.roles
        self.layers.show_roles(self._comparable(), roles)
        self.regions.show_choices(self._viewer.layers, self.choices)
        task, why = self.choices.effective_task()
        inferred = f"{_TASKS[task]} ({why})" if roles.predictions else _TASKS[None]
        self.task.setItemText(0, inferred)
        self.task.setCurrentIndex(list(_TASKS).index(self.choices.task))
        self.task.setToolTip(f"What is compared: {_TASKS[task]} ({why})")
        self.regions.offer_regions(task is not Task.EVIDENCE)
        self.settings.refresh()
        self.noise.refresh(self._viewer.layers)
        self.hint.setText(_hint(roles))
        self.hint.setVisible(bool(self.hint.text()))
        question, findings = self._found
        if question != self._question():
            findings = tuple(self._at_once()) if self.ready and not self.asks_raw else ()
        self.findings.show_findings(findings, self.choices.decisions)
        self.changed.emit()

    def _question(self) -> tuple[Any, ...]:
        """Return what findings depend on."""
        choices = self.choices
        limits = choices.region, choices.ignore, choices.sparse
        noise = choices.entered, choices.captures, choices.stacks
        task = choices.effective_task()[0]
        return choices.roles, task, choices.decisions, choices.radius, *limits, *noise

    def _at_once(self) -> list[Finding]:
        """Return what can be found without reading a pixel."""
        from napari_verdict.comparison.preflight.geometry import preflight_geometry

        task = self.choices.effective_task()[0]
        try:
            settings = self.choices.settings()
            return preflight_geometry(comparison_of(self.choices.roles, task, settings))
        except ComparisonError as error:
            return error.findings


def _hint(roles: Roles) -> str:
    if roles.ground_truth is not None:
        return "" if roles.predictions else "Tick at least one prediction."
    if roles.raw is not None and roles.predictions:
        return ""
    if roles.predictions:
        return "Choose which layer is the ground truth."
    return (
        "Open a ground truth and at least one prediction (images, labels or points); "
        "File > Open Sample > Verdict has some to try."
    )
