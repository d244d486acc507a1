"""Each plot alone: what it draws, and what a click in it means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from builders import discs, entries_table
from cases import compare
from napari_verdict.comparison.objects.listing import object_entries
from napari_verdict.widgets.plots.frames import FrameCurve, lines_over
from napari_verdict.widgets.plots.histogram import IouHistogram
from napari_verdict.widgets.plots.intensity import GainCurve, GainLine
from napari_verdict.widgets.plots.look import look_of
from napari_verdict.widgets.plots.scatter import SizeScatter
from napari_verdict.widgets.plots.thresholds import ThresholdCurve
from napari_verdict.widgets.words import rows_of

pytestmark = pytest.mark.gui

PLOTS = [ThresholdCurve, FrameCurve, IouHistogram, SizeScatter, GainCurve]


@pytest.fixture
def viewer(qtbot):
    # the application is there: a canvas is a widget
    return ViewerModel()


@pytest.fixture
def entries():
    """Disc 1 is found, disc 2 in half, 3 and 4 are missed."""
    truth = discs()
    prediction = np.where(truth == 1, 1, 0)
    prediction[:, 29:] = np.where(truth == 2, 2, 0)[:, 29:]
    return object_entries(compare(prediction, truth, iou_threshold=0.7), "prediction")


def curve(f1):
    x = [0.25, 0.5, 0.75]
    return pd.DataFrame({"threshold": x, "f1": f1, "pq": f1, "recall": f1})


# ---- F1, PQ and recall over the threshold


def test_candidates_differ_by_colour_and_dash_and_marker(viewer, show):
    plot = ThresholdCurve(viewer)
    plot.show_curves({"a": curve([1, 1, 0.5]), "b": curve([1, 0.6, 0])})
    show(plot)
    assert [p.get_ylabel() for p in plot._panels] == ["F1", "PQ", "recall"]
    a, b, _ = plot._panels[0].lines
    for property_ in ("color", "linestyle", "marker"):
        assert getattr(a, f"get_{property_}")() != getattr(b, f"get_{property_}")()
    assert [t.get_text() for t in plot._figure.legends[0].texts] == ["a", "b"]


def test_dragging_the_line_asks_for_thresholds_and_stops_at_the_ends(viewer, show, hand, qtbot):
    plot = ThresholdCurve(viewer)
    plot.show_curves({"a": curve([1, 1, 0.5])})
    show(plot)
    asked = []
    plot.moved.connect(asked.append)
    hand.drag(plot, plot._panels[1], (0.5, 0.5), (0.6, 0.5), (0.7, 0.1), (1.4, 0.5))
    assert asked == pytest.approx([0.6, 0.7, 1.0], abs=0.011)
    assert asked[-1] == 1.0
    assert plot._lines[0].get_xdata() == [1.0, 1.0]


def test_a_move_without_the_button_asks_for_nothing(viewer, show, hand, qtbot):
    plot = ThresholdCurve(viewer)
    plot.show_curves({"a": curve([1, 1, 0.5])})
    show(plot)
    with qtbot.assertNotEmitted(plot.moved):
        qtbot.mouseMove(plot, hand.place(plot, plot._panels[0], 0.8, 0.5))


def test_arrow_keys_move_the_line_by_a_hundredth(viewer, show, qtbot):
    plot = show(ThresholdCurve(viewer))
    with qtbot.waitSignal(plot.moved) as moved:
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert moved.args == [0.51]


def test_moving_the_line_does_not_draw_everything_again(viewer, show):
    plot = ThresholdCurve(viewer)
    plot.show_curves({"a": curve([1, 1, 0.5])})
    show(plot)
    draws = []
    plot.mpl_connect("draw_event", draws.append)
    plot.move_to(0.9)
    assert not draws
    before = np.asarray(plot.buffer_rgba()).copy()
    plot.move_to(0.3)
    assert (np.asarray(plot.buffer_rgba()) != before).any()


# ---- a score over planes or frames


def stack():
    truth = np.stack([discs()] * 3)
    prediction = truth.copy()
    prediction[1][prediction[1] > 2] = 0
    return compare({"a": prediction, "b": truth}, truth, "tyx")


def test_a_score_over_frames_has_a_value_a_frame():
    result = stack()
    row = next(r for r in rows_of(result) if r.metric == "recall")
    lines = lines_over(result, row, "t")
    assert lines["a"] == ([0, 1, 2], [1.0, 0.5, 1.0])
    assert lines["b"] == ([0, 1, 2], [1.0, 1.0, 1.0])


def test_a_click_on_a_frame_asks_for_it(viewer, show, hand):
    result = stack()
    plot = FrameCurve(viewer)
    plot.show_lines(lines_over(result, rows_of(result)[0], "t"), "t", "F1")
    show(plot)
    asked = []
    plot.chosen.connect(asked.append)
    hand.click(plot, plot._plot, 1.2, 0.8)
    assert asked == [1]
    assert plot._plot.get_xlabel() == "frame (t)"


def test_arrow_keys_step_through_the_frames_and_stop_at_the_last(viewer, show, qtbot):
    plot = FrameCurve(viewer)
    plot.show_lines({"a": ([0, 1, 2], [1.0, np.nan, 1.0])}, "t", "F1")
    show(plot)
    asked = []
    plot.chosen.connect(asked.append)
    for _ in range(4):
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert asked == [1, 2]


# ---- the histogram


def test_bars_count_ground_truth_objects_only(viewer, show, entries):
    plot = IouHistogram(viewer)
    plot.show_entries(entries, 0.7)
    show(plot)
    matched, missed = plot.counts()
    assert (matched.sum(), missed.sum()) == (1, 3)
    assert (matched[-1], missed[0]) == (1, 2)


def test_ignored_objects_are_in_no_bar(viewer):
    rows = [("ignored", 0, 1, 0, 0.0, 50, 0), ("ignored", 0, 2, 8, 0.9, 50, 0)]
    table = entries_table([*rows, ("missed", 0, 3, 0, 0.0, 50, 0)])
    plot = IouHistogram(viewer)
    plot.show_entries(table, 0.5)
    assert [int(n.sum()) for n in plot.counts()] == [0, 1]


def test_a_click_on_a_column_gives_its_objects(viewer, show, hand, entries, qtbot):
    plot = IouHistogram(viewer)
    plot.show_entries(entries, 0.7)
    show(plot)
    with qtbot.waitSignal(plot.chosen) as chosen:
        # high above the bar: the whole column is the bar's
        hand.click(plot, plot._plot, 0.02, 2.1)
    low, high, rows = chosen.args
    assert (low, high) == (0, 0.05)
    assert {entries.key(int(r)).id for r in rows} == {3, 4}
    with qtbot.assertNotEmitted(plot.chosen):
        hand.click(plot, plot._plot, 0.22, 1)


def test_a_bar_is_chosen_with_the_keys_alone(viewer, show, entries, qtbot):
    plot = IouHistogram(viewer)
    plot.show_entries(entries, 0.7)
    show(plot)
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot._text.get_text() == "0.00 to 0.05: 0 matched, 2 missed"
    with qtbot.waitSignal(plot.chosen):
        qtbot.keyClick(plot, Qt.Key.Key_Return)


# ---- size against IoU


def test_a_click_on_a_point_gives_its_entry(viewer, show, hand, entries, qtbot):
    plot = SizeScatter(viewer)
    plot.show_entries(entries, 0.7)
    show(plot)
    row = next(r for r in range(len(entries)) if entries.role[r] == 0 and entries.id[r] == 1)
    with qtbot.waitSignal(plot.chosen) as chosen:
        hand.click(plot, plot._plot, entries.size[row], entries.value[row])
    assert chosen.args == [row]
    with qtbot.assertNotEmitted(plot.chosen):
        hand.click(plot, plot._plot, entries.size[row], 0.75)


def test_a_point_is_chosen_with_the_keys_alone(viewer, show, entries, qtbot):
    plot = SizeScatter(viewer)
    plot.show_entries(entries, 0.7)
    show(plot)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(plot, key)
    with qtbot.waitSignal(plot.chosen) as chosen:
        qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert entries.size[chosen.args[0]] == plot._x.min()
    assert plot._ring.get_xdata() == [plot._x.min()]
    for _ in range(len(plot._x) + 3):
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot._ring.get_xdata() == [plot._x.max()]


def test_pairs_are_one_point_and_kinds_have_a_marker_each(viewer, show, entries):
    plot = SizeScatter(viewer)
    plot.show_entries(entries, 0.7, 0.25, "µm²")
    show(plot)
    assert (
        len(plot._x) == (entries.role == 0).sum() + (entries.partner[entries.role == 1] == 0).sum()
    )
    assert plot._x.max() == entries.size.max() / 4
    assert plot._plot.get_xlabel() == "object size (µm²)"
    markers = [line.get_marker() for line in plot._plot.lines[:-2]]
    assert len(set(markers)) == len(markers) > 1


def test_the_selected_entry_has_a_ring(viewer, show, entries):
    plot = SizeScatter(viewer)
    plot.show_entries(entries, 0.7)
    show(plot)
    plot.select(0)
    assert plot._ring.get_ydata() == pytest.approx([entries.value[0]])
    plot.select(-1)
    assert len(plot._ring.get_ydata()) == 0


def test_a_hundred_thousand_points_are_drawn_once_a_place(viewer, show, rng, entries):
    from dataclasses import replace

    n = 100_000
    many = replace(
        entries,
        kind=np.zeros(n, np.uint8),
        role=np.zeros(n, np.uint8),
        id=np.arange(n),
        partner=np.ones(n, int),
        value=rng.beta(8, 2, n),
        size=rng.integers(20, 400, n),
    )
    plot = SizeScatter(viewer)
    plot.show_entries(many, 0.5)
    show(plot)
    drawn = sum(len(line.get_xdata()) for line in plot._plot.lines)
    assert 1_000 < drawn < 60_000
    assert plot._x.size == n


# ---- all of them


@pytest.mark.parametrize("make", PLOTS)
def test_plots_follow_the_theme_while_they_are_shown(viewer, show, make):
    plot = show(make(viewer))
    for theme in ("light", "dark"):
        viewer.theme = theme
        look = look_of(theme)
        plot.draw()
        red, green, blue = np.asarray(plot.buffer_rgba())[-1, 0, :3]
        assert f"#{red:02x}{green:02x}{blue:02x}" == look.background.lower()


@pytest.mark.parametrize("make", PLOTS)
def test_plots_have_a_name_and_say_what_a_click_does(viewer, qtbot, make):
    plot = make(viewer)
    qtbot.addWidget(plot)
    assert plot.accessibleName()
    assert plot.toolTip()


def test_a_hidden_plot_is_not_drawn_until_it_is_seen(viewer, show, entries):
    plot = IouHistogram(viewer)
    plot.show_entries(entries, 0.7)
    assert not plot._figure.axes
    show(plot)
    assert plot._figure.axes
    plot.hide()
    plot.show_entries(entries, 0.2)
    viewer.theme = "light"
    assert plot._threshold == 0.2
    assert plot._figure.axes[0].lines[0].get_xdata()[0] == 0.7
    plot.show()
    assert plot._figure.axes[0].lines[0].get_xdata()[0] == 0.2


def test_light_and_dark_colours_can_be_read_on_their_paper():
    def luminance(colour):
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    for theme in ("dark", "light"):
        look = look_of(theme)
        paper = luminance(look.background)
        for colour in (*look.colours, look.text):
            low, high = sorted((paper, luminance(colour)))
            assert (high + 0.05) / (low + 0.05) >= 3, (theme, colour)  # WCAG: graphics


# ---- intensity


def gain_line(bend=1.0):
    truth = np.linspace(0, 100, 21)
    return GainLine(truth, truth**bend, truth**bend - 5, truth**bend + 5)


def test_intensity_is_drawn_for_each_candidate_with_the_spread_of_the_one_looked_at(viewer, show):
    plot = GainCurve(viewer)
    plot.show_lines({"raw": gain_line(), "cnn": gain_line(0.9)}, "cnn", "counts")
    show(plot)
    axes = plot._plot
    assert len(axes.collections) == 1
    looked_at = axes.lines[1]
    np.testing.assert_allclose(looked_at.get_ydata(), np.linspace(0, 100, 21) ** 0.9)
    assert looked_at.get_linewidth() > axes.lines[0].get_linewidth()
    assert axes.get_xlabel() == "ground truth (counts)"
    assert [t.get_text() for t in plot._figure.legends[0].texts] == ["raw", "cnn"]


def test_a_click_on_an_object_of_the_intensity_curve_gives_its_place(viewer, show, hand, qtbot):
    plot = GainCurve(viewer)
    objects = (np.array([20.0, 60, np.nan]), np.array([25.0, 40, 5]))
    plot.show_lines({"cnn": gain_line()}, "cnn", "", objects)
    show(plot)
    with qtbot.waitSignal(plot.chosen) as chosen:
        hand.click(plot, plot._plot, 60, 40)
    assert chosen.args == [1]
    with qtbot.assertNotEmitted(plot.chosen):
        hand.click(plot, plot._plot, 40, 90)
