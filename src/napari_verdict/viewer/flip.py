"""Flip between raw and a prediction at the same place."""

from __future__ import annotations

from typing import Any


class Flip:
    """Shows either of two layers alone, the rest of the scene unchanged."""

    def __init__(self) -> None:
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
            self._raw.visible = raw
            self._prediction.visible = not raw

    def toggle(self) -> None:
        """Show the other one."""
        self.show_raw(not self.shows_raw)
