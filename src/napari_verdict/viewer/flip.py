"""Flip between raw, prediction and ground truth at the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


class Hold:
    """Shows some layers alone for as long as a key is held.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Only the visibility of its layers is touched, and brought back on release.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._before: list[tuple[Any, bool]] = []

    @property
    def is_held(self) -> bool:
        """Whether something is shown alone."""
        return bool(self._before)

    def press(self, layers: Collection[Any]) -> bool:
        """Show only these; those that are gone are left out. Say whether any are there."""
        alone = [x for x in layers if x in self._viewer.layers]
        if not alone:
            return False
        if not self._before:
            self._before = [(x, bool(x.visible)) for x in self._viewer.layers]
        for layer in self._viewer.layers:
            layer.visible = layer in alone
        return True

    def release(self) -> None:
        """Show and hide every layer as it was; one that came meanwhile stays as it is."""
        before, self._before = self._before, []
        for layer, visible in before:
            if layer in self._viewer.layers:
                layer.visible = visible


class Flip:
    """Shows either of two layers alone.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its other layers are hidden at the first flip, since they would cover the two, until `end`.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._raw: Any = None
        self._prediction: Any = None
        self._hold = Hold(viewer)

    def set_layers(self, raw: Any, prediction: Any) -> None:
        """Flip between these from now on."""
        self._raw, self._prediction = raw, prediction

    @property
    def shows_raw(self) -> bool:
        """Whether raw is what is seen."""
        return bool(self._raw is not None and self._raw.visible and not self._prediction.visible)

    def show_raw(self, raw: bool) -> None:
        """Show raw, or the prediction."""
        if self._raw is not None and self._prediction is not None:
            self._hold.press([self._raw if raw else self._prediction])

    def end(self) -> None:
        """Show and hide every layer as before the first flip."""
        self._hold.release()

    def toggle(self) -> None:
        """Show the other one."""
        self.show_raw(not self.shows_raw)
