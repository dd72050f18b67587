"""Anybody's maps can be scored: plain arrays in, a table out, no model needed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import DataError, SettingError
from workbench.evaluation import Curve, Table, conformal_threshold, score

LABELS = np.arange(12) % 2


def data(seed: int = 0):
    rng = np.random.default_rng(seed)
    maps = [rng.standard_normal((20 + i % 2, 24)).astype(np.float32) for i in range(12)]
    masks = []
    for label, scores in zip(LABELS, maps, strict=True):
        mask = None
        if label:
            mask = np.zeros(scores.shape, np.uint8)
            mask[3:9, 4:12] = 1
            scores[mask > 0] += 2
        masks.append(mask)
    return maps, masks


def test_everything_comes_out_of_plain_arrays() -> None:
    maps, masks = data()
    table = score(LABELS, [m.max() for m in maps], maps, masks)
    assert {key for key in table if table[key].value is None} == {
        "image_balanced_accuracy",
        "pixel_aupimo",
    }
    assert len(table) == 11
    assert len(table.per_image) == 12
    assert table.per_image[1].anomalous_area == pytest.approx(48 / 504)
    assert set(table.curves) == {
        "image_roc",
        "image_precision_recall",
        "pixel_roc",
        "pixel_precision_recall",
        "pixel_pro",
    }
    assert json.loads(json.dumps(table.to_dict()))["images"] == {"normal": 6, "anomalous": 6}


def test_without_scores_an_image_is_as_anomalous_as_its_worst_pixel() -> None:
    maps, masks = data()
    given, derived = (
        score(LABELS, [m.max() for m in maps], maps, masks),
        score(LABELS, maps=maps, masks=masks),
    )
    assert given.to_dict() == derived.to_dict()


def test_scores_alone_give_the_image_metrics() -> None:
    table = score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    assert table["image_auroc"].value == 0.75
    assert not [key for key in table if key.startswith("pixel")]
    assert table.per_image[0].anomalous_area is None


def forms(tmp_path: Path):
    maps, masks = data()
    paths = [tmp_path / f"{index}.npy" for index in range(12)]
    for path, scores in zip(paths, maps, strict=True):
        np.save(path, scores)
    ones = [None if mask is None else mask > 0 for mask in masks]
    full = [None if mask is None else mask * np.uint8(255) for mask in masks]
    return {
        "mask of booleans": (maps, ones),
        "mask of 255s": (maps, full),
        "mask with a channel": (maps, [None if m is None else m[..., None] for m in masks]),
        "map with a channel": ([m[None] for m in maps], masks),
        "zeros for normal images": (
            maps,
            [np.zeros(s.shape) if m is None else m for s, m in zip(maps, masks, strict=True)],
        ),
        "functions": (lambda: iter(maps), lambda: (mask for mask in masks)),
        "paths": (paths, masks),
        "names of paths": ([str(path) for path in paths], masks),
        "double precision": ([m.astype(np.float64) for m in maps], masks),
    }


def test_every_form_of_the_same_maps_gives_the_same_table(tmp_path) -> None:
    expected = score(LABELS, maps=data()[0], masks=data()[1]).to_dict()
    for form, (maps, masks) in forms(tmp_path).items():
        assert score(LABELS, maps=maps, masks=masks).to_dict() == expected, form


def test_one_array_of_maps_will_do() -> None:
    maps = np.random.default_rng(0).random((4, 9, 9))
    table = score([0, 1, 0, 1], maps=maps, masks=maps > [[[2]], [[0.5]], [[2]], [[0.5]]])
    assert table["pixel_ap"].value > 0.5


def test_maps_that_can_be_had_only_once_need_a_sample_or_the_exact_engine() -> None:
    maps, masks = data()
    with pytest.raises(SettingError, match="only once"):
        score(LABELS, maps=iter(maps), masks=masks)
    exact = score(LABELS, maps=iter(maps), masks=iter(masks), exact=True)
    sampled = score(LABELS, maps=iter(maps), masks=masks, sample=np.linspace(-4, 6, 9000))
    for key in ("pixel_auroc", "pixel_ap", "pixel_aupro"):
        off = abs(exact[key].value - sampled[key].value)
        assert off <= sampled[key].bound
    assert exact["pixel_auroc"].bound is None


def test_a_threshold_flags_images() -> None:
    maps, masks = data()
    held_out = np.random.default_rng(1).standard_normal((30, 500)).max(1)
    threshold = conformal_threshold(held_out, 0.1)
    table = score(LABELS, maps=maps, masks=masks, threshold=threshold)
    assert table["image_balanced_accuracy"].threshold == threshold.value
    assert all(row.flagged == (row.score >= threshold.value) for row in table.per_image)
    assert table.to_dict()["threshold"]["kind"] == "conformal"


def test_anomalies_without_masks_leave_the_image_metrics() -> None:
    maps, masks = data()
    table = score(LABELS, maps=maps, masks=[None] * 12)
    assert table["image_auroc"].value is not None
    assert "6 anomalous images have no mask" in table["pixel_auroc"].undefined
    assert score(LABELS, maps=maps)["pixel_ap"].undefined == table["pixel_ap"].undefined


@pytest.mark.parametrize("labels", [[0, 0], [1], []])
def test_one_kind_or_one_image_or_none_is_undefined_with_the_reason(labels) -> None:
    maps = [np.eye(3) for _ in labels]
    sample = np.arange(3.0)
    masks = [np.eye(3) if label else None for label in labels]
    table = score(labels, maps=maps, masks=masks, sample=sample, exact=not labels)
    assert all(table[key].value is not None or table[key].undefined for key in table)
    assert table["image_auroc"].undefined
    assert repr(table)
    assert table._repr_html_()


def test_what_does_not_fit_is_named() -> None:
    maps, masks = data()

    def fails(match: str, error: type[Exception] = DataError, **changed) -> None:
        arguments = {"labels": LABELS, "maps": maps, "masks": masks, **changed}
        with pytest.raises(error, match=match):
            score(arguments.pop("labels"), **arguments)

    fails("12 labels and 11 maps", maps=maps[:-1])
    fails("12 labels and more than 12 masks", masks=[*masks, None])
    fails(r"labels do not go with scores of shape \(3,\)", scores=[1, 2, 3])
    fails("12 labels and 2 names", names=["a", "b"])
    fails("labels are a row of 0", labels=["good"] * 12)
    fails("nothing to measure", SettingError, maps=None)
    fails(
        r"05: the map is \(21, 24\) and the mask \(2, 2\)",
        masks=[*masks[:5], np.eye(2), *masks[6:]],
    )
    fails(
        "03 is labelled anomalous and its mask marks no",
        masks=[*masks[:3], np.zeros((21, 24)), *masks[4:]],
    )
    fails("00 is labelled normal and its mask marks 480", masks=[np.ones((20, 24)), *masks[1:]])
    fails(r"a map is \[height, width\]", maps=[np.zeros((3, 4, 5)), *maps[1:]])
    fails("bolt was given twice", names=["bolt"] * 12)
    broken = [maps[0].copy(), *maps[1:]]
    broken[0][3, 3] = np.nan
    fails("00: the map holds NaN", maps=broken, exact=True)
    fails("0 holds NaN", maps=broken)


def test_the_table_shows_itself() -> None:
    maps, masks = data()
    table = score(LABELS, maps=maps, masks=masks, about_maps="smoothed by <nothing>")
    text, page = repr(table), table._repr_html_()
    assert "6 normal and 6 anomalous images" in text
    assert "AUPRO@0.30" in text
    assert "undefined: no threshold" in text
    assert "&lt;nothing&gt;" in page
    assert "<nothing>" not in page
    assert isinstance(table, Table)
    assert all(isinstance(curve, Curve) for curve in table.curves.values())
    curve = table.curves["pixel_pro"]
    assert Curve.from_dict(curve.to_dict()).to_dict() == curve.to_dict()


def test_no_heavy_library_is_needed() -> None:
    code = (
        "import sys\n"
        "from workbench.evaluation import score\n"
        "print(score([0, 1], maps=[[[0.0, 1]], [[0.0, 2]]], masks=[None, [[0, 1]]])['pixel_ap'])\n"
        "print(sorted({'torch', 'pandas', 'plotly', 'sklearn', 'open_clip'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "pixel AP = 1.0000\n[]\n"
