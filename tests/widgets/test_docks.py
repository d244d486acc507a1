"""Our docks stand behind each other's tabs, wherever they were opened from."""

from __future__ import annotations

import pytest

from napari_verdict.widgets.docks import dock_of
from napari_verdict.widgets.label.dock import LabelWidget
from napari_verdict.widgets.plots.panel import PlotsPanel
from napari_verdict.widgets.validate import ValidateWidget

pytestmark = pytest.mark.gui


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


def behind(viewer, widget):
    """Return the docks that share tabs with that of a widget."""
    return viewer.window._qt_window.tabifiedDockWidgets(dock_of(widget))


@pytest.mark.parametrize("name", ["Validate (Verdict)", "of any name"])
def test_a_dock_opened_from_the_menu_goes_behind_the_tabs_of_ours(viewer, qtbot, name):
    first = ValidateWidget(viewer)
    viewer.window.add_dock_widget(first, name=name, area="right")
    _, second = viewer.window.add_plugin_dock_widget("napari-verdict", "Label ground truth")
    assert isinstance(second, LabelWidget)
    qtbot.waitUntil(lambda: behind(viewer, second) == [dock_of(first)])


def test_docks_elsewhere_and_those_of_others_stay_where_they_are(viewer, qtbot):
    first, second = PlotsPanel(viewer), ValidateWidget(viewer)
    viewer.window.add_dock_widget(first, area="bottom")
    viewer.window.add_dock_widget(second, area="right")
    qtbot.wait(50)
    assert not behind(viewer, first)
    assert not behind(viewer, second)
