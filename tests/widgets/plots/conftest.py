"""Plots in a window of their own, and a hand to click in them."""

from __future__ import annotations

from typing import Any

import pytest

from hands import Hand


@pytest.fixture
def hand(qtbot):
    return Hand(qtbot)


@pytest.fixture
def show(qtbot):
    """Show a plot in a window of its own, and wait until it is drawn."""

    def shown(canvas: Any) -> Any:
        qtbot.addWidget(canvas)
        canvas.resize(340, canvas.height())
        with qtbot.waitExposed(canvas):
            canvas.show()
        canvas.draw()
        return canvas

    return shown
