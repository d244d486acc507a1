"""What a person has chosen in a viewer; every dock of it looks here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psygnal import EventedModel

from napari_verdict.comparison.conventions import CONVENTIONS, LAINE_2021
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.model import Settings, Task
from napari_verdict.viewer.layers import Roles, infer_task

if TYPE_CHECKING:
    from napari_verdict.comparison.evidence.model import EvidenceSettings


class Choices(EventedModel):
    """The choices of one viewer, changing as a person clicks.

    Pressing Validate resolves them to a frozen `Comparison`, which is all the worker sees.

    Parameters
    ----------
    roles : Roles
        Which layer is what.
    picked : frozenset of str
        The roles picked by hand; the others are guessed again as layers come and go.
    task : Task, optional
        None infers it from the layers.
    region : napari layer or ``current view``, optional
        Whose shapes or ids have scores of their own.
    ignore : napari Labels layer, optional
        Where pixels are left out.
    convention : str
        Id of a `Convention`.
    ssim_3d, iou_threshold, iou_inclusive, radius, decisions
        As in `Settings`.
    border, min_size, sparse
        As in `Exclusions`.
    entered : bool
        Whether the camera's noise is entered, or read from raw's metadata, rather than measured.
    camera_from : str
        Which of the two.
    camera_gain, camera_offset, read_noise, excess
        As in `NoiseModel.of_camera`.
    alarms : float
        As in `EvidenceSettings`.
    captures, stacks : tuple of napari Image layers
        What the noise is measured with: further captures of the field; dark and lit stacks.
    """

    roles: Any = Roles()
    picked: frozenset[str] = frozenset()
    task: Task | None = None
    region: Any = None
    ignore: Any = None
    convention: str = LAINE_2021.id
    ssim_3d: bool = False
    iou_threshold: float = 0.5
    iou_inclusive: bool = True
    radius: float | None = None
    border: str = "keep"
    min_size: int = 0
    sparse: bool = False
    decisions: tuple[str, ...] = ()
    entered: bool = False
    camera_from: str = "entered"
    camera_gain: float = 1.0
    camera_offset: float = 100.0
    read_noise: float = 1.5
    excess: float = 1.0
    alarms: float = 0.1
    captures: tuple[Any, ...] = ()
    stacks: tuple[Any, ...] = ()

    def effective_task(self) -> tuple[Task, str]:
        """Return the task and what it comes from."""
        if self.task is not None:
            return self.task, "chosen by hand"
        return infer_task(self.roles.ground_truth, self.roles.predictions, self.roles.raw)

    def settings(self) -> Settings:
        """Return the settings, frozen."""
        return Settings(
            convention=CONVENTIONS[self.convention],
            ssim_3d=self.ssim_3d,
            iou_threshold=self.iou_threshold,
            iou_inclusive=self.iou_inclusive,
            radius=self.radius,
            decisions=self.decisions,
            exclusions=Exclusions(self.border, self.min_size, self.sparse),
        )

    def evidence_settings(self) -> EvidenceSettings:
        """Return how evidence is looked for, frozen."""
        from napari_verdict.comparison.evidence.model import EvidenceSettings

        settings = EvidenceSettings(alarms=self.alarms)
        if not self.entered:
            return settings
        camera = self.camera_gain, self.camera_offset, self.read_noise
        return settings.with_camera(*camera, self.excess, self.camera_from)


_CHOICES: WeakKeyDictionary[Any, Choices] = WeakKeyDictionary()


def choices_of(viewer: Any) -> Choices:
    """Return the choices of a viewer, made from the person's preferences the first time."""
    if viewer not in _CHOICES:
        _CHOICES[viewer] = Choices(**_preferences())
    return _CHOICES[viewer]


def _preferences() -> dict[str, Any]:
    """Read napari's settings for this plugin; nothing where it is not installed as one."""
    try:
        from napari.settings import get_plugin_settings

        defaults = get_plugin_settings("napari-verdict").defaults
        return {
            "convention": str(getattr(defaults.convention, "value", defaults.convention)),
            "iou_threshold": float(defaults.iou_threshold),
        }
    except (ImportError, KeyError, AttributeError, ValueError):
        return {}
