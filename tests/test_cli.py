"""The command line gives the numbers of the engine, and sentences where it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from dim import blob, capture, grey, scene
from napari_verdict.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def run_process(*arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "napari_verdict.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")


def recorded(folder: Path) -> dict[tuple[str, str, float | None], Any]:
    """The values of the whole in a saved record, by candidate, metric and threshold."""
    scores = json.loads((folder / "results.json").read_text(encoding="utf-8"))["scores"]
    return {
        (s["candidate"], s["metric"], s["threshold"]): s["value"]
        for s in scores
        if s["axis_index"] is None and s["class"] is None
    }


@pytest.fixture
def files(tmp_path, rng):
    """A ground truth, a raw image, a prediction and labels, as small TIFFs."""
    truth = rng.normal(1000, 200, (32, 48)).astype(np.float32)
    labels = np.zeros((32, 48), np.uint16)
    labels[2:12, 2:12], labels[20:30, 20:40] = 1, 2
    arrays = {
        "gt": truth,
        "raw": truth + rng.normal(0, 100, truth.shape).astype(np.float32),
        "cnn": truth + 1,
        "gt_labels": labels,
        "labels": np.roll(labels, 1, axis=0),
        "wide": np.zeros((32, 50), np.float32) + np.arange(50),
    }
    for name, data in arrays.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", data)
    return tmp_path


def test_labels_end_to_end_in_a_process_of_its_own(files):
    out = files / "out"
    done = run_process(
        "labels",
        "--gt",
        files / "gt_labels.tif",
        "--pred",
        f"net={files / 'labels.tif'}",
        "--out",
        out,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "tp" in done.stdout
    assert recorded(out)["net", "f1", 0.5] == 1.0
    assert (
        run_process("replay", out / "results.json")
        .stdout.rstrip()
        .splitlines()[-1]
        .startswith("Every number is reproduced")
    )


def test_images_are_scored_with_raw_beside_them(files, capsys):
    out = files / "out"
    arguments = ["images", "--gt", files / "gt.tif", "--raw", files / "raw.tif"]
    assert main([*map(str, arguments), "--pred", str(files / "cnn.tif"), "--out", str(out)]) == 0
    assert ["raw", "cnn"] in [row.split() for row in capsys.readouterr().out.splitlines()]
    values = recorded(out)
    assert values["cnn", "ssim", None] == pytest.approx(1.0)
    assert values["raw", "ssim", None] < 0.95
    assert main(["replay", str(out / "results.json")]) == 0


def test_the_threshold_and_its_side_are_passed_on(files, capsys):
    arguments = ["labels", "--gt", files / "gt_labels.tif", "--pred", files / "gt_labels.tif"]
    assert main([*map(str, arguments), "--iou", "1", "--exclusive"]) == 0
    table = capsys.readouterr().out
    assert [row.split()[1] for row in table.splitlines() if row.startswith("tp ")] == ["0"]


def test_scores_of_pixels_do_not_hide_those_of_objects(files, capsys):
    main(["labels", "--gt", str(files / "gt_labels.tif"), "--pred", str(files / "labels.tif")])
    rows = [r.split("  ")[0] for r in capsys.readouterr().out.splitlines()]
    assert {"precision", "precision (pixels)", "recall", "recall (pixels)"} <= set(rows)


def test_a_replay_with_other_numbers_says_which_and_exits_1(files, capsys):
    out = files / "out"
    gt = str(files / "gt_labels.tif")
    main(["labels", "--gt", gt, "--pred", gt, "--out", str(out)])
    record = json.loads((out / "results.json").read_text(encoding="utf-8"))
    next(s for s in record["scores"] if s["metric"] == "tp")["value"] = 77.0
    (out / "results.json").write_text(json.dumps(record), encoding="utf-8")
    capsys.readouterr()
    assert main(["replay", str(out / "results.json")]) == 1
    assert "77.0 before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["images", "--gt", "gone.tif", "--pred", "cnn.tif"], "There is no file 'gone.tif'"),
        (["images", "--gt", "gt.tif", "--pred", "wide.tif"], "32 × 50"),
        (["labels", "--gt", "gt_labels.tif", "--pred", "gt.tif"], "gt"),
        (["labels", "--gt", "gt_labels.tif", "--pred", "labels.tif", "--iou", "2"], "threshold"),
        (["images", "--gt", "gt.tif", "--pred", "cnn.tif", "--axes", "zyx"], "names 3"),
        (["images", "--gt", "gt.tif", "--pred", "cnn.tif", "--out", "gt.tif"], "cannot be saved"),
        (["replay", "gt.tif"], "no record"),
        (["replay", "gone.json"], "cannot be read"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(files, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(files)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error
    assert error.count("\n") == 1


def test_no_traceback_from_a_process_of_its_own(files):
    done = run_process("images", "--gt", files / "gt.tif", "--pred", files / "none.tif")
    assert done.returncode == 2
    assert done.stderr.startswith("napari-verdict: There is no file")
    assert "Traceback" not in done.stderr


def test_a_remedy_can_be_accepted(files, capsys):
    arguments = ["images", "--gt", str(files / "gt.tif"), "--pred", str(files / "wide.tif")]
    assert main(arguments) == 2
    assert main([*arguments, "--accept", "crop-to-common"]) == 0


def test_a_name_with_an_equals_sign_can_be_a_file(files, capsys):
    (files / "a=b.tif").write_bytes((files / "labels.tif").read_bytes())
    gt = str(files / "gt_labels.tif")
    assert main(["labels", "--gt", gt, "--pred", str(files / "a=b.tif")]) == 0
    assert "a=b" in capsys.readouterr().out


@pytest.mark.parametrize("module", ["napari", "numba", "matplotlib", "pandas", "skimage", "qtpy"])
def test_the_command_line_itself_loads_nothing_heavy(module):
    code = f"import sys, napari_verdict.cli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("case", ["bpae_actin", "hela_mito"])
def test_restoration_numbers_hold(shared_data, read_shared, tmp_path, case):
    expected = read_shared(f"denoising/{case}/expected.json")["scores"]
    folder = shared_data / "denoising" / case
    names = [n for n in expected if n.startswith("prediction_")]
    predictions = [a for n in names for a in ("--pred", f"{n}={folder / n}.ome.tif")]
    raw = ["--raw", str(folder / "raw.ome.tif"), "--out", str(tmp_path)]
    assert main(["images", "--gt", str(folder / "gt.ome.tif"), *predictions, *raw]) == 0
    values = recorded(tmp_path)
    keys = {"ssim": "mSSIM", "nrmse": "NRMSE", "psnr": "PSNR", "pearson": "PCC"}
    keys |= {"gain": "fit_scale", "offset": "fit_offset"}
    for name in ["raw", *names]:
        for metric, key in keys.items():
            assert values[name, metric, None] == pytest.approx(expected[name][key], rel=1e-6), name


@pytest.mark.parametrize("case", ["dsb2018", "ovule3d", "platynereis3d"])
def test_segmentation_numbers_hold(shared_data, read_shared, tmp_path, case):
    expected = read_shared(f"{case}/expected.json")["predictions"]
    folder = shared_data / case
    predictions = [a for n in expected for a in ("--pred", f"{n}={folder / n}")]
    gt = str(folder / "gt_labels.ome.tif")
    assert main(["labels", "--gt", gt, *predictions, "--out", str(tmp_path)]) == 0
    values = recorded(tmp_path)
    same = ["tp", "fp", "fn", "precision", "recall", "accuracy", "f1"]
    keys = dict(zip(same, same, strict=True))
    keys |= {"mean_true_iou": "mean_true_score", "sq": "mean_matched_score"}
    keys |= {"pq": "panoptic_quality"}
    for name, want in expected.items():
        assert values[name, "n_gt", None] == want["n_true"]
        assert values[name, "n_pred", None] == want["n_pred"]
        for metric, key in keys.items():
            assert values[name, metric, 0.5] == pytest.approx(want["at_0.5"][key], rel=1e-6)


def test_regions_an_ignore_mask_and_what_does_not_count_are_options(files, capsys):
    wells, ignore = np.zeros((32, 48), np.uint8), np.zeros((32, 48), np.uint8)
    wells[:16], wells[16:] = 1, 2
    ignore[10:13, :20] = 1
    tifffile.imwrite(files / "wells.tif", wells)
    tifffile.imwrite(files / "unclear.tif", ignore)
    inputs = ["--gt", str(files / "gt_labels.tif"), "--pred", f"net={files / 'labels.tif'}"]
    limits = ["--region", f"well={files / 'wells.tif'}", "--ignore", str(files / "unclear.tif")]
    counted = ["--border", "ignore", "--min-size", "150", "--sparse"]
    assert main(["labels", *inputs, *limits, *counted, "--out", str(files / "out")]) == 0
    assert "region well 2" in capsys.readouterr().out
    record = json.loads((files / "out" / "results.json").read_text(encoding="utf-8"))
    assert record["settings"]["exclusions"] == {"border": "ignore", "min_size": 150, "sparse": True}
    values = {(s["region"], s["metric"]): s["value"] for s in record["scores"]}
    assert [values[r, "n_gt"] for r in (None, "well 1", "well 2")] == [1, 0, 1]
    assert values[None, "precision"] is None
    assert main(["replay", str(files / "out" / "results.json")]) == 0


@pytest.fixture
def dim_files(tmp_path, rng):
    electrons = scene((96, 96))
    made_up = 14 * blob(electrons.shape, 60, 40)
    images = {
        "raw": capture(rng, electrons),
        "cnn": grey(electrons + made_up).astype(np.float32),
        "again": capture(rng, electrons),
        "flat": np.stack([capture(rng, np.full((64, 64), 30.0)) for _ in range(6)]),
        "dark": np.stack([capture(rng, np.zeros((64, 64))) for _ in range(6)]),
    }
    for name, image in images.items():
        np.save(tmp_path / f"{name}.npy", image)
    return {name: str(tmp_path / f"{name}.npy") for name in images}


@pytest.mark.parametrize(
    "more",
    [
        ["--gain", "2.2", "--offset", "100", "--read-noise", "1.6"],
        ["--capture", "again"],
        ["--stack", "dark", "--stack", "flat"],
        [],
    ],
    ids=["entered", "captures", "stacks", "estimated"],
)
def test_evidence_is_asked_saved_and_asked_again(dim_files, tmp_path, capsys, more):
    arguments = [dim_files.get(m, m) for m in more]
    out = tmp_path / "out"
    files = ["--raw", dim_files["raw"], "--pred", dim_files["cnn"], "--out", str(out)]
    assert main(["evidence", *files, *arguments]) == 0
    printed = capsys.readouterr().out
    assert "Raw does not support 1 place that cnn shows." in printed
    assert "shown_without_photons" in printed
    record = json.loads((out / "results.json").read_text())
    roles = {i["role"] for i in record["inputs"]}
    extra = {"--capture": "capture", "--stack": "calibration"}
    assert roles == {"raw", "prediction"} | {extra[m] for m in more if m in extra}
    (tested,) = record["evidence"]["predictions"]
    assert tested["noise"]["circular"] == (not more)
    assert (out / "map_evidence_cnn.ome.tif").is_file()
    places = (out / "objects.csv").read_text().splitlines()
    assert "shown without photons" in places[1]
    assert main(["replay", str(out / "results.json")]) == 0
    assert "Every number is reproduced" in capsys.readouterr().out


def test_a_camera_in_the_file_of_raw_is_read_unless_one_is_entered(dim_files, tmp_path, capsys):
    path, out = tmp_path / "raw.tif", tmp_path / "out"
    camera = {"gain": 2.2, "offset": 100.0, "read_noise": 1.6}
    tifffile.imwrite(path, np.load(dim_files["raw"]).astype(np.uint16), metadata=camera)
    files = ["--raw", str(path), "--pred", dim_files["cnn"], "--out", str(out)]
    entered = ["--gain", "2", "--offset", "100", "--read-noise", "2"]
    for more, source in (([], "read from metadata"), (entered, "entered")):
        assert main(["evidence", *files, *more]) == 0
        record = json.loads((out / "results.json").read_text())
        assert record["evidence"]["settings"]["noise"]["source"] == source
    assert main(["replay", str(out / "results.json")]) == 0


def test_half_a_camera_is_refused(dim_files, capsys):
    files = ["--raw", dim_files["raw"], "--pred", dim_files["cnn"]]
    assert main(["evidence", *files, "--gain", "2.2"]) == 2
    assert "--read-noise" in capsys.readouterr().err


@pytest.fixture
def spots(tmp_path):
    """Points as CSV: as napari saves them, and with named columns; and a mask."""
    truth = np.array([(5, 5), (5, 19), (15, 30)], float)
    rows = "\n".join(f"{i}.0,{y},{x}" for i, (y, x) in enumerate(truth))
    (tmp_path / "gt.csv").write_text(f"index,axis-0,axis-1\n{rows}\n")
    found = "x,y,quality\n6,5,0.1\n21,5,0.9\n35,8,0.5\n"
    (tmp_path / "spots.csv").write_text(found)
    labels = np.ones((20, 40), np.uint8)
    labels[:, 20:] = 2
    tifffile.imwrite(tmp_path / "half.tif", labels)
    return tmp_path


def test_points_are_scored_with_regions_and_come_out_again(spots, capsys):
    out = spots / "out"
    options = ["--radius", "3", "--region", str(spots / "half.tif"), "--out", str(out)]
    files = ["--gt", str(spots / "gt.csv"), "--pred", f"spots={spots / 'spots.csv'}"]
    assert main(["points", *files, *options]) == 0
    assert "region half 2" in capsys.readouterr().out
    rows = json.loads((out / "results.json").read_text(encoding="utf-8"))["scores"]
    tp = {s["region"]: s["value"] for s in rows if s["metric"] == "tp"}
    assert tp == {None: 2, "half 1": 2, "half 2": 0}
    assert main(["replay", str(out / "results.json")]) == 0
    assert "Every number is reproduced" in capsys.readouterr().out
    assert main(["points", *files, "--radius", "3", "--sparse"]) == 0
    assert capsys.readouterr().out.split("precision")[1].split()[0] == "–"


def test_the_radius_is_in_the_unit_of_the_spacing(spots, capsys):
    files = ["--gt", str(spots / "gt.csv"), "--pred", str(spots / "spots.csv")]
    assert main(["points", *files, "--radius", "0.15", "--spacing", "0.1", "0.1"]) == 0
    assert "tp" in (said := capsys.readouterr().out)
    assert said.split("\ntp")[1].split()[0] == "1"


@pytest.mark.parametrize("spacing", [("0", "1"), ("nan", "1"), ("1", "-1"), ("1", "inf")])
def test_a_pixel_without_a_size_is_refused(spots, capsys, spacing):
    files = ["--gt", str(spots / "gt.csv"), "--pred", str(spots / "spots.csv")]
    assert main(["points", *files, "--radius", "3", "--spacing", *spacing]) == 2
    assert "size of a pixel along each axis, which must be above 0" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["points", "labels"])
def test_two_regions_of_one_name_are_refused(spots, capsys, task):
    files = {"points": ["gt.csv", "spots.csv"], "labels": ["half.tif", "half.tif"]}[task]
    gt, pred = (str(spots / name) for name in files)
    half = f"a={spots / 'half.tif'}"
    regions = ["--region", half, "--region", half]
    radius = ["--radius", "3"] if task == "points" else []
    assert main([task, "--gt", gt, "--pred", pred, *radius, *regions]) == 2
    assert "Two regions are called 'a'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "why"), [("", "cannot be read as points"), ("a,b\nc,d\n", "columns y and x"),
                      ("x,y\n1,two\n", "cannot be read as points")],
)  # fmt: skip
def test_what_are_no_points_is_said_in_a_sentence(spots, capsys, text, why):
    (spots / "spots.csv").write_text(text)
    files = ["--gt", str(spots / "gt.csv"), "--pred", str(spots / "spots.csv")]
    assert main(["points", *files, "--radius", "3"]) == 2
    assert why in capsys.readouterr().err
