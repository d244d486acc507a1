"""Flip between raw and a prediction at the same place."""

from __future__ import annotations

from typing import Any


class Flip:
    """Shows either of two layers alone.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Its other layers are hidden at the first flip, since they would cover the two.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._raw: Any = None
        self._prediction: Any = None

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
            for layer in self._viewer.layers:
                if layer is not self._raw and layer is not self._prediction:
                    layer.visible = False
            self._raw.visible = raw
            self._prediction.visible = not raw

    def toggle(self) -> None:
        """Show the other one."""
        self.show_raw(not self.shows_raw)
