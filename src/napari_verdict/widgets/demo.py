"""The demo: sample data in a real window, validated."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_verdict.widgets.job import Failed, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

#: Longest wait for a result, in seconds; the first run of a machine compiles kernels.
PATIENCE = 300.0


def run_demo(headless: Path | None = None) -> int:
    """Open napari on sample data with the Validate dock and its result.

    Parameters
    ----------
    headless : Path, optional
        Where to write results.json, scores, maps and a screenshot of the window for the
        denoising sample, and in a folder ``segmentation`` within it the same, with overlays,
        for the other. napari is closed afterwards. By default the window stays open.

    Returns
    -------
    int
        0, or 1 if no result came about.
    """
    import napari

    if headless is None:
        viewer, widget = open_sample("denoising")
        widget.run()
        napari.run()
        return 0
    headless = Path(headless)
    for sample, folder in (("denoising", headless), ("segmentation", headless / "segmentation")):
        folder.mkdir(parents=True, exist_ok=True)
        viewer, widget = open_sample(sample)
        try:
            message = _validate_into(viewer, widget, folder)
        finally:
            viewer.close()
        if message:
            print(message)
            return 1
        print(f"{sample}: results, maps, overlays and window.png are in {folder}")
    return 0


def open_sample(sample: str) -> tuple[Any, Any]:
    """Open napari on a sample, with the Validate dock.

    Parameters
    ----------
    sample : str
        ``denoising``, ``evidence`` or ``segmentation``.

    Returns
    -------
    (napari.Viewer, ValidateWidget)
    """
    import napari

    from napari_verdict.viewer import samples
    from napari_verdict.widgets.validate import ValidateWidget

    provider = {
        "denoising": samples.denoising_triplet,
        "evidence": samples.denoising_without_truth,
        "segmentation": samples.segmentation_pair,
    }[sample]
    viewer = napari.Viewer(title=f"napari-verdict demo: {sample}")
    viewer.window.resize(1500, 950)
    for data, meta, kind in provider():
        getattr(viewer, f"add_{kind}")(data, **meta)
    widget = ValidateWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Validate (Verdict)", area="right")
    return viewer, widget


def _validate_into(viewer: Any, widget: Any, folder: Path) -> str:
    """Validate, save and take a picture; return what went wrong, "" if nothing did."""
    ends: list[Any] = []
    widget.presenter.drawn.connect(lambda: ends.append(None))
    widget.job.done.connect(
        lambda outcome: ends.append(outcome) if isinstance(outcome, Refused | Failed) else None
    )
    widget.run()
    if not _wait(lambda: bool(ends)):
        return f"No result after {PATIENCE:.0f} s."
    if isinstance(ends[0], Failed):
        return ends[0].message
    if isinstance(ends[0], Refused):
        return " ".join(f.message for f in ends[0].findings)
    if widget.presenter.result.maps:
        widget.presenter.side_by_side(True)
        viewer.reset_view()
    _wait(lambda: False, 0.5)  # let the last layers be painted
    viewer.screenshot(str(folder / "window.png"), canvas_only=False, flash=False)
    widget.save(folder)
    if not _wait(lambda: not widget.saving.is_busy):
        return f"Nothing was saved after {PATIENCE:.0f} s."
    return ""


def _wait(until: Callable[[], bool], patience: float = PATIENCE) -> bool:
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + patience
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)
    return until()
