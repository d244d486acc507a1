"""Make the pictures of docs/images again, from the real window.

Run it where there is a display, virtual or not:

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/screenshots.py

The pictures of the README show the package's own samples. With `--data DIR`, a folder of
real images laid out as described in the guide for developers, those of the real images are
made as well, into `--out`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
import tifffile
from PIL import Image
from qtpy.QtWidgets import QApplication

from napari_verdict.widgets.demo import open_sample
from napari_verdict.widgets.docks import open_inspect
from napari_verdict.widgets.validate import ValidateWidget

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES = Path(__file__).parent / "images"
SIZE = (1500, 950)


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--data", type=Path, help="folder of real images")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    shoot(*open_sample("segmentation"), arguments.out / "validate-nuclei.png", curve=True)
    shoot(*open_sample("denoising"), arguments.out / "validate-denoising.png", panels=True)
    shoot_evidence(arguments.out / "evidence.png")
    shoot_labelling(arguments.out / "label-nuclei.png")
    shoot_folder(arguments.out / "label-folder.png")
    if arguments.data:
        viewer, widget = open_files(
            {
                "raw": ("image", arguments.data / "dsb2018/raw.ome.tif"),
                "ground truth": ("labels", arguments.data / "dsb2018/gt_labels.ome.tif"),
                "U-Net, components": (
                    "labels",
                    arguments.data / "dsb2018/prediction_unet_cc.ome.tif",
                ),
                "U-Net, watershed": (
                    "labels",
                    arguments.data / "dsb2018/prediction_unet_watershed.ome.tif",
                ),
            }
        )
        shoot(viewer, widget, arguments.out / "dsb2018.png", curve=True)
        folder = arguments.data / "denoising/bpae_actin"
        names = {"raw": "raw", "ground truth": "gt", "CNN": "prediction_cnn"}
        names |= {"non-local means": "prediction_nlm", "Gaussian": "prediction_gauss3"}
        files = {name: ("image", folder / f"{file}.ome.tif") for name, file in names.items()}
        shoot(*open_files(files), arguments.out / "bpae_actin.png", panels=True)


def open_files(files: dict[str, tuple[str, Path]]) -> tuple[Any, Any]:
    """Open files as layers of a kind and name, with the Validate dock."""
    import tifffile

    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    for name, (kind, path) in files.items():
        getattr(viewer, f"add_{kind}")(tifffile.imread(path), name=name)
    widget = ValidateWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Validate (Verdict)", area="right")
    return viewer, widget


def shoot(
    viewer: Any, widget: Any, path: Path, *, panels: bool = False, curve: bool = False
) -> None:
    """Press Validate, wait for the layers, take a picture of the window."""
    drawn: list[None] = []
    widget.presenter.drawn.connect(lambda: drawn.append(None))
    widget.validate.click()
    wait(lambda: bool(drawn), 300)
    if panels:
        widget.presenter.side_by_side(True)
    if curve:
        widget.results.threshold.curve_button.click()
    viewer.reset_view()
    wait(lambda: False, 1.0)
    save(viewer, path)
    viewer.close()


def shoot_evidence(path: Path) -> None:
    """Ask raw without ground truth, go to the first place, and show what is there."""
    viewer, widget = open_sample("evidence")
    drawn: list[None] = []
    widget.presenter.drawn.connect(lambda: drawn.append(None))
    widget.validate.click()
    wait(lambda: bool(drawn), 300)
    viewer.reset_view()
    wait(lambda: False, 1.0)
    save(viewer, path)
    inspect = open_inspect(viewer)
    wait(inspect.isVisible, 10)
    inspect.buttons.next.click()
    wait(lambda: False, 1.0)
    save(viewer, path.with_stem(path.stem + "-place"))
    viewer.close()


def save(viewer: Any, path: Path) -> None:
    """Take a picture of the window."""
    picture = Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)).convert("RGB")
    # by default a few pixels in a colour of their own would lose it
    picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


def shoot_labelling(path: Path, tiles: int = 4) -> None:
    """Label some tiles of the nuclei sample with what is true of them, and take a picture."""
    from napari_verdict.annotation.edits import difference
    from napari_verdict.annotation.origins import Action
    from napari_verdict.samples import segmentation_pair
    from napari_verdict.viewer import samples
    from napari_verdict.widgets.label.dock import LabelWidget

    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    for data, meta, kind in samples.segmentation_pair():
        if meta["name"] != "ground truth":
            getattr(viewer, f"add_{kind}")(data, **meta)
    dock = LabelWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Label ground truth (Verdict)", area="right")
    dock.setup.tiles.size.setValue(96)
    dock.setup.tiles.number.setValue(12)
    wait(lambda: False, 0.5)
    dock.setup.truth.setCurrentIndex(0)
    dock.setup.start.click()
    wait(lambda: dock.state.bench is not None, 60)
    known, truth = segmentation_pair()["ground_truth"], dock.state.bench.truth
    for k in range(tiles + 1):
        window, ids = dock.state.window, np.unique(known[dock.state.inner])
        if k == tiles:
            ids = ids[ids > 0][:2]  # the tile in hand is begun
        target = truth.data.copy()
        part = np.where(np.isin(known[window], ids), known[window], target[window])
        target[window] = part
        change = difference(truth.data[window].copy(), target, window)
        dock.work.watch.edit(change, Action.PAINT)
        if k < tiles:
            dock.desk.finish(empty=True)
            wait(lambda k=k: finished_score(dock) == k + 1, 60)
    wait(lambda: False, 1.0)
    save(viewer, path)
    dock.stop()
    viewer.close()


def shoot_folder(path: Path, tiles: int = 5) -> None:
    """Label tiles of four quarters of the nuclei sample in a folder, and take a picture."""
    from napari_verdict.annotation.edits import difference
    from napari_verdict.annotation.origins import Action
    from napari_verdict.samples import segmentation_pair
    from napari_verdict.widgets.label.dock import LabelWidget

    sample, known = segmentation_pair(), {}
    folder = Path(tempfile.mkdtemp())
    for k, name in enumerate(("control/1", "control/2", "treated/1", "treated/2")):
        part = np.s_[k // 2 * 256 : k // 2 * 256 + 256, k % 2 * 256 : k % 2 * 256 + 256]
        known[name] = sample["ground_truth"][part]
        model = next(iter(sample["predictions"].values()))
        for at, pixels in (("images", sample["raw"]), ("otsu", model)):
            file = folder / at / f"{name}.tif"
            file.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(file, np.ascontiguousarray(pixels[part]))
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    dock = LabelWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Label ground truth (Verdict)", area="right")
    setup = dock.setup
    setup.over.setCurrentIndex(1)
    setup.over.activated.emit(1)
    setup.set.folder.field.setText(str(folder / "images"))
    setup.set.predictions.field.setText(str(folder / "otsu"))
    setup.tiles.number.setValue(12)
    wait(lambda: bool(setup.tiles.why_size.text()), 60)
    setup.start.click()
    wait(lambda: dock.work is not None, 60)
    for k in range(tiles):
        window, truth = dock.state.window, dock.state.bench.truth
        target = truth.data.copy()
        target[window] = known[dock.state.bench.image][window]
        change = difference(truth.data[window].copy(), target, window)
        dock.work.watch.edit(change, Action.PAINT)
        dock.desk.finish(empty=True)
        wait(lambda k=k: finished_score(dock) == k + 1, 60)
        wait(lambda: dock.state.tile.image == dock.state.bench.image, 60)
        wait(lambda: False, 1.0)
    save(viewer, path)
    dock.stop()
    viewer.close()


def finished_score(dock: Any) -> int:
    """Return on how many tiles the score that is shown rests."""
    estimates = dock.state.estimates or {}
    return next((e.first.n or 0 for e in estimates.values()), 0)


def wait(until: Callable[[], bool], seconds: float) -> None:
    """Let the window work until something is true, at most so long."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
