"""What is said about scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from napari_verdict.comparison.conventions import RAW_UNITS, ZEROCOST
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.comparison.result import Result
from napari_verdict.comparison.scores import Score
from napari_verdict.comparison.verdict.sentence import listed, verdict, verdict_parts

PIXELS = np.zeros((4, 4))
RAW = {"ssim": 0.294, "nrmse": 0.0566}
CNN = {"ssim": 0.874, "nrmse": 0.0179, "area_worse": 0.12, "gain": 0.01}
NLM = {"ssim": 0.865, "nrmse": 0.0202, "area_worse": 0.001, "gain": 0.01}
GAUSS = {"ssim": 0.2, "nrmse": 0.06, "area_worse": 0.5, "gain": 0.01}
MIXED = {"ssim": 0.5, "nrmse": 0.07, "area_worse": 0.3, "gain": 0.01}


def result_of(
    task: Task,
    predictions: dict[str, dict[str, Any]],
    raw: dict[str, Any] | None = None,
    classes: dict[int, float] | None = None,
    **settings: Any,
) -> Result:
    """A result with these scores; a text stands for an undefined score and is its reason."""
    comparison = Comparison(
        task,
        Input("truth", PIXELS, "yx"),
        tuple(Input(name, PIXELS, "yx") for name in predictions),
        Input("raw", PIXELS, "yx") if raw is not None else None,
        Settings(**settings),
    )
    rows = []
    for name, scores in (predictions | ({"raw": raw} if raw is not None else {})).items():
        named = [(metric, value, None) for metric, value in scores.items()]
        named += [("iou", value, k) for k, value in (classes or {}).items()]
        for metric, value, class_ in named:
            undefined = isinstance(value, str)
            rows.append(
                Score(
                    image="truth",
                    candidate=name,
                    metric=metric,
                    value=math.nan if undefined else float(value),
                    unit="1",
                    convention="",
                    reason=value if undefined else None,
                    class_=class_,
                )
            )
    return Result(comparison, tuple(rows))


def restored(raw: dict[str, Any] | None = RAW, /, **predictions: dict[str, Any]) -> str:
    return verdict(result_of(Task.RESTORATION, predictions, raw))


# ---- restoration


def test_where_it_got_worse_the_share_of_signal_is_said_beside_that_of_the_area() -> None:
    assert "worse than raw in 12 % of the area and 31 % of the signal." in restored(
        cnn=CNN | {"signal_worse": 0.31}
    )
    # a few bright structures may be little area and much signal
    assert "worse than raw in less than 1 % of the area and 31 % of the signal." in restored(
        nlm=NLM | {"signal_worse": 0.31}
    )
    assert "worse than raw in 12 % of the area." in restored(cnn=CNN | {"signal_worse": "dark"})
    assert "worse" not in restored(nlm=NLM | {"signal_worse": 0.001})


def test_intensity_that_is_not_linear_is_said_to_be() -> None:
    bent = {"nli": 0.12, "slope_ratio": 0.62}
    assert restored(cnn=CNN | bent).endswith(
        "Intensity is compressed at the bright end in cnn: there it rises 0.62 times as fast as at "
        "the dark end, and it is off a line by up to 12 % of the range."
    )
    assert "Intensity is stretched at the bright end in the prediction: there it rises 2 times" in (
        restored(prediction=CNN | {"nli": 0.12, "slope_ratio": 2.0})
    )
    for ratio in (0.95, "few pixels"):
        assert restored(cnn=CNN | {"nli": 0.07, "slope_ratio": ratio}).endswith(
            "Intensity is not linear in cnn: it is off a line by up to 7 % of the range."
        )
    assert "Intensity is compressed at the bright end in cnn and nlm, so compare brightness" in (
        restored(cnn=CNN | bent, nlm=NLM | bent)
    )
    assert "compressed" in restored(None, cnn=CNN | bent)  # no raw is needed for this


def test_of_intensity_that_is_linear_or_unknown_nothing_is_said() -> None:
    for scores in ({"nli": 0.03, "slope_ratio": 0.7}, {"nli": "few pixels", "slope_ratio": 0.5}):
        assert "Intensity" not in restored(cnn=CNN | scores)
    inverted = CNN | {"gain": -1.0, "nli": 0.3, "slope_ratio": 0.1}
    assert "Intensity" not in restored(cnn=inverted)


def test_better_in_structure_and_in_intensity() -> None:
    assert restored(cnn=CNN) == (
        "cnn is nearer to the ground truth than raw in structure and in intensity, "
        "but worse than raw in 12 % of the area."
    )


def test_a_little_area_is_not_worth_a_word() -> None:
    assert restored(nlm=NLM) == (
        "nlm is nearer to the ground truth than raw in structure and in intensity."
    )


def test_a_model_that_does_not_beat_raw_is_to_be_reconsidered() -> None:
    expected = "gauss3 does not improve on raw: reconsider this model."
    assert restored(gauss3=GAUSS) == expected
    assert restored(gauss3=RAW) == expected
    assert restored(gauss3={**GAUSS, "ssim": RAW["ssim"]}) == expected


def test_structure_and_intensity_may_disagree() -> None:
    assert restored(mixed=MIXED) == (
        "mixed is nearer to the ground truth than raw in structure, but farther in intensity, "
        "and worse than raw in 30 % of the area."
    )
    other = {"ssim": 0.1, "nrmse": 0.02}
    assert restored(mixed=other) == (
        "mixed is farther from the ground truth than raw in structure, but nearer in intensity."
    )
    same = {"ssim": RAW["ssim"] + 1e-6, "nrmse": 0.02}
    assert "as near to the ground truth as raw in structure, but nearer" in restored(mixed=same)


def test_metrics_of_one_family_are_never_counted() -> None:
    # four intensity metrics are better, and still it is one witness
    many = MIXED | {"ssim": 0.1, "nrmse": 0.05, "rmse": 1.0, "psnr": 40.0, "pearson": 0.99}
    assert restored(RAW | {"rmse": 9.0, "psnr": 9.0, "pearson": 0.1}, a=many).startswith(
        "a is farther from the ground truth than raw in structure, but nearer in intensity"
    )


def test_several_predictions_name_the_best_and_those_that_fail() -> None:
    assert restored(cnn=CNN, gauss3=GAUSS) == (
        "Of 2 predictions, cnn is nearest to the ground truth in structure and in intensity. "
        "It is nearer to the ground truth than raw in structure and in intensity, but worse than "
        "raw in 12 % of the area. gauss3 does not improve on raw: reconsider this model."
    )
    many = restored(gauss3=GAUSS, mixed=MIXED, nlm=NLM, cnn=CNN, flat=GAUSS)
    assert many.startswith("Of 5 predictions, cnn is nearest")
    assert "nlm also improves on raw in both." in many
    assert "mixed improves on raw in structure only." in many
    assert many.endswith("gauss3 and flat do not improve on raw: reconsider these models.")


def test_the_best_in_structure_need_not_be_the_best_in_intensity() -> None:
    assert restored(a=CNN, b=NLM | {"nrmse": 0.01}).startswith(
        "Of 2 predictions, a is nearest to the ground truth in structure, b in intensity."
    )


def test_without_raw_the_baseline_is_missing() -> None:
    assert restored(None, cnn=CNN) == (
        "cnn reaches an SSIM of 0.874 in structure and an NRMSE of 0.018 in intensity, under the "
        "convention Laine 2021. No raw image was chosen, so nothing says whether the model "
        "improves on what it was given: choose one as the baseline."
    )
    assert "cnn is nearest" in restored(None, cnn=CNN, nlm=NLM)


def test_inverted_contrast_is_not_praised() -> None:
    assert restored(a=CNN | {"gain": -0.8}) == (
        "The contrast of a is inverted against the ground truth (fitted gain -0.8): the fit "
        "hides this, so its scores do not count."
    )
    both = restored(a=CNN | {"gain": -0.8}, nlm=NLM)
    assert both.startswith("nlm is nearer")
    assert "The contrast of a is inverted" in both
    unfitted = result_of(Task.RESTORATION, {"a": CNN | {"gain": -2}}, RAW, convention=RAW_UNITS)
    assert "the fit hides" not in verdict(unfitted)


def test_what_is_undefined_is_said_to_be_with_its_reason() -> None:
    nothing = dict.fromkeys(("ssim", "nrmse"), "constant: the prediction is constant")
    assert restored(a=nothing) == "a cannot be judged: the prediction is constant."
    half = {"ssim": "the image is smaller than the window", "nrmse": 0.01}
    assert restored(a=half) == (
        "a is nearer to the ground truth than raw in intensity; its structure is undefined: "
        "the image is smaller than the window."
    )
    other = {"ssim": 0.9, "nrmse": "no range"}
    assert restored(a=other).endswith("in structure; its intensity is undefined: no range.")
    assert restored(nothing, cnn=CNN).endswith(
        "Raw cannot serve as the baseline: the prediction is constant."
    )
    assert restored(a={}) == "a cannot be judged: it was not computed."


def test_the_ground_truth_itself_is_recognised() -> None:
    same = {"ssim": 1.0, "nrmse": 0.0, "area_worse": 0.0}
    text = "a is identical to the ground truth: check that it was not chosen twice."
    assert restored(a=same) == text
    assert restored(None, a=same).startswith(text)


def test_the_zerocost_convention_has_its_own_witness() -> None:
    raw = {"ssim": 0.3, "nrmse": "not given", "zc_sqrt_mae": 0.2}
    a = {"ssim": 0.9, "nrmse": "not given", "zc_sqrt_mae": 0.1}
    said = verdict(result_of(Task.RESTORATION, {"a": a}, raw, convention=ZEROCOST))
    assert said == "a is nearer to the ground truth than raw in structure and in intensity."
    alone = verdict(result_of(Task.RESTORATION, {"a": a}, convention=ZEROCOST))
    assert "a root mean absolute error of 0.100 in intensity" in alone


# ---- objects, pixels, points


def objects(n: int, missed: int, extra: int, f1: Any, **more: Any) -> dict[str, Any]:
    return {"n_gt": n, "n_pred": n - missed + extra, "fn": missed, "fp": extra, "f1": f1} | more


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (objects(125, 28, 23, 0.79), "misses 28 of 125 objects and adds 23 that are not there"),
        (objects(125, 0, 1, 1), "finds all 125 objects and adds 1 that is not there"),
        (objects(125, 125, 0, 0), "misses all 125 objects and adds none"),
        (objects(1, 0, 0, 1), "finds the only object and adds none"),
        (objects(1, 1, 2, 0), "misses the only object and adds 2 that are not there"),
        (objects(0, 0, 7, 0), "has no object to find and adds 7 that are not there"),
        (objects(20000, 1234, 0, 0.9), "misses 1,234 of 20,000 objects and adds none"),
    ],
)
def test_objects_are_counted_in_words(scores: dict[str, Any], said: str) -> None:
    text = verdict(result_of(Task.INSTANCES, {"stardist": scores}))
    assert text == f"stardist {said} (F1 {scores['f1']:.2f} at IoU ≥ 0.50)."


def test_the_condition_of_a_match_is_named() -> None:
    scores = {"a": objects(5, 1, 1, 0.8)}
    result = result_of(Task.INSTANCES, scores, iou_threshold=0.75, iou_inclusive=False)
    assert "at IoU > 0.75" in verdict(result)
    assert "within 3 px" in verdict(result_of(Task.DETECTIONS, scores, radius=3.0))


def test_predictions_come_best_first() -> None:
    scores = {"abcde"[k]: objects(100, k, 0, 0.5 + 0.1 * k) for k in range(5)}
    text = verdict(result_of(Task.INSTANCES, scores))
    assert [text.index(f"{n} misses") for n in "edc"] == sorted(
        text.index(f"{n} misses") for n in "edc"
    )
    assert text.endswith("2 more in the table do no better.")
    assert "b misses" not in text


def test_good_foreground_with_bad_objects_points_to_merges_or_splits() -> None:
    merged = objects(125, 76, 23, 0.50, iou=0.78)
    assert verdict(result_of(Task.INSTANCES, {"cc": merged})).endswith(
        "Its foreground agrees better (IoU 0.78), so objects may be merged: look at what is missed."
    )
    split = objects(50, 30, 60, 0.3, iou=0.9)
    assert "may be split" in verdict(result_of(Task.INSTANCES, {"a": split}))
    good = objects(125, 28, 23, 0.79, iou=0.78)
    assert "foreground" not in verdict(result_of(Task.INSTANCES, {"a": good}))


@pytest.mark.parametrize("task", [t for t in Task if t not in (Task.RESTORATION, Task.EVIDENCE)])
def test_nothing_on_either_side_cannot_be_judged(task: Task) -> None:
    reason = "both_empty: neither the ground truth nor the prediction has any"
    scores = dict.fromkeys(("f1", "iou", "miou"), reason)
    assert verdict(result_of(task, {"a": scores}, radius=1.0)) == (
        "a cannot be judged: neither the ground truth nor the prediction has any."
    )


def test_masks_are_judged_by_what_is_missed_and_what_is_not_there() -> None:
    scores = {"iou": 0.78, "recall": 0.88, "precision": 0.87}
    assert verdict(result_of(Task.FOREGROUND, {"unet": scores})) == (
        "unet misses 12 % of the foreground, and 13 % of what it marks is not there (IoU 0.78)."
    )
    nearly = {"iou": 0.99, "recall": 0.9999, "precision": 1.0}
    assert "misses less than 1 % of the foreground, and 0 %" in verdict(
        result_of(Task.FOREGROUND, {"a": nearly})
    )
    nothing = {"iou": 0.0, "recall": 0.0, "precision": "nothing was predicted"}
    assert "shares no pixel" in verdict(result_of(Task.FOREGROUND, {"a": nothing}))


def test_classes_are_judged_by_the_mean_and_the_weakest() -> None:
    classes = {0: 0.1, 1: 0.9, 2: 0.42, 3: "absent"}
    result = result_of(Task.SEMANTIC, {"net": {"miou": 0.66}}, classes=classes)  # type: ignore[arg-type]
    assert verdict(result) == (
        "net reaches a mean IoU of 0.66 over 2 classes; the weakest is class 2 (IoU 0.42)."
    )
    one = result_of(Task.SEMANTIC, {"net": {"miou": 0.66}}, classes={1: 0.66})
    assert verdict(one) == "net reaches a mean IoU of 0.66."


# ---- words that lead somewhere


def test_an_unnamed_prediction_makes_a_sentence_too() -> None:
    assert restored(prediction=GAUSS).startswith("The prediction does not improve on raw")
    assert restored(prediction=NLM).startswith("The prediction is nearer")
    scores = {"prediction": objects(5, 1, 2, 0.7)}
    assert verdict(result_of(Task.INSTANCES, scores)).startswith("The prediction misses 1 of 5")


def test_words_lead_to_what_shows_them() -> None:
    parts = verdict_parts(result_of(Task.RESTORATION, {"cnn": CNN}, RAW))
    assert [(text, link) for text, link in parts if link] == [
        ("structure", ("ssim", "cnn")),
        ("intensity", ("rse", "cnn")),
        ("worse than raw in 12 % of the area", ("gain", "cnn")),
    ]
    parts = verdict_parts(result_of(Task.INSTANCES, {"a": objects(5, 1, 2, 0.7)}))
    assert [link for _, link in parts if link] == [("missed", "a"), ("extra", "a")]


def test_the_pieces_make_the_sentence_and_the_result_says_it() -> None:
    result = result_of(Task.RESTORATION, {"cnn": CNN, "gauss3": GAUSS}, RAW)
    assert "".join(text for text, _ in verdict_parts(result)) == verdict(result) == result.verdict


def test_without_predictions_there_is_nothing_to_judge() -> None:
    assert verdict(result_of(Task.RESTORATION, {})) == "There is no prediction to judge."


def test_names_are_listed_as_in_a_sentence() -> None:
    assert [listed(list("abc")[:k]) for k in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
