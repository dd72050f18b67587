"""Pixel metrics are those of all pixels of all images, from one pass or from a global sort."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from tests.oracles import direct_metrics
from workbench.errors import DataError, SettingError
from workbench.evaluation.exact_pixel_metrics import ExactPixelMetrics
from workbench.evaluation.measure import Measure
from workbench.evaluation.pixel_metrics import PixelMetrics

KEYS = [
    "pixel_auroc",
    "pixel_ap",
    "pixel_f1_max",
    "pixel_aupro",
    "pixel_aupro_05",
    "pixel_aupimo",
]
RANKED = KEYS[:-1]

Category = tuple[list[np.ndarray], list[np.ndarray]]


def category(
    seed: int, images: int = 6, side: int = 24, kind: str = "plain", dtype: type = np.float32
) -> Category:
    """Every other image has one to three square defects that score somewhat higher."""
    rng = np.random.default_rng(seed)
    maps, masks = [], []
    for index in range(images):
        scores = rng.standard_normal((side, side + index % 3))
        mask = np.zeros(scores.shape, bool)
        if index % 2:
            for _ in range(rng.integers(1, 4)):
                row, column = rng.integers(0, side - side // 6, 2)
                mask[row : row + side // 6, column : column + side // 6] = True
            scores[mask] += 0.5 + 2 * rng.random()
        if kind == "heavy":
            scores = np.sign(scores) * np.expm1(np.abs(scores) * 4)
        if kind == "narrow":
            scores = 0.9 + 1e-4 * scores
        if kind == "few levels":
            scores = np.round(scores)
        if kind == "constant":
            scores = np.full(scores.shape, 0.25)
        maps.append(scores.astype(dtype))
        masks.append(mask)
    return maps, masks


def fed(pixels, data: Category):
    for index, (scores, mask) in enumerate(zip(*data, strict=True)):
        pixels.add(scores, mask, f"{index:03}.png")
    return pixels


def exact(data: Category, **settings: int) -> dict[str, Measure]:
    return fed(ExactPixelMetrics(**settings), data).result()


def sample_of(data: Category) -> np.ndarray:
    return np.concatenate([scores.ravel()[::3] for scores in data[0]])


def streamed(data: Category, sample: np.ndarray | None = None, **settings: int) -> PixelMetrics:
    chosen = sample_of(data) if sample is None else sample
    return fed(PixelMetrics(chosen, **settings), data)


def flat(data: Category) -> tuple[np.ndarray, np.ndarray]:
    maps, masks = data
    return (
        np.concatenate([mask.ravel() for mask in masks]),
        np.concatenate([scores.ravel() for scores in maps]),
    )


kinds = st.sampled_from(["plain", "heavy", "narrow", "few levels", "constant"])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), kinds, st.integers(2, 5))
def test_the_exact_engine_gives_what_the_definitions_give(seed, kind, images) -> None:
    data = category(seed, images, side=12, kind=kind)
    truth, scores = flat(data)
    found = exact(data, draws=0)
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    expected = {
        "pixel_auroc": metrics.roc_auc_score(truth, scores),
        "pixel_ap": metrics.average_precision_score(truth, scores),
        "pixel_f1_max": f1.max(),
        "pixel_aupro": direct_metrics.aupro(*data, 0.30),
        "pixel_aupro_05": direct_metrics.aupro(*data, 0.05),
    }
    for key, value in expected.items():
        assert float(found[key]) == pytest.approx(value, abs=1e-12), key
        assert found[key].bound is None
    at = found["pixel_f1_max"].threshold
    assert metrics.f1_score(truth, scores >= at) == pytest.approx(expected["pixel_f1_max"])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), kinds, st.sampled_from([64, 500, 65_536]))
def test_one_pass_is_within_its_bound_of_the_exact_value(seed, kind, bins) -> None:
    data = category(seed, kind=kind)
    found, expected = streamed(data, bins=bins, draws=0).result(), exact(data, draws=0)
    for key in RANKED:
        off = abs(float(found[key]) - float(expected[key]))
        assert off <= found[key].bound + 1e-12, key


@pytest.mark.parametrize("kind", ["plain", "heavy", "narrow"])
def test_one_pass_over_a_million_pixels_is_within_a_ten_thousandth(kind) -> None:
    data = category(3, images=8, side=360, kind=kind, dtype=np.float64)
    found, expected = streamed(data, draws=0).result(), exact(data, draws=0)
    for key in KEYS:
        assert float(found[key]) == pytest.approx(float(expected[key]), abs=1e-4), key
    assert found["pixel_auroc"].bound < 1e-4


@pytest.mark.parametrize("sample", [np.zeros(1), np.full(5, 1e9), np.linspace(-1e-9, 1e-9, 50)])
def test_a_sample_that_says_nothing_costs_precision_and_is_reported(sample) -> None:
    data = category(5)
    found, expected = streamed(data, sample, draws=0).result(), exact(data, draws=0)
    for key in RANKED:
        off = abs(float(found[key]) - float(expected[key]))
        assert off <= found[key].bound + 1e-12, key
    assert found["pixel_auroc"].bound > 1e-4


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", ["plain", "few levels", "narrow"])
def test_every_float_precision_is_measured_as_it_is(dtype, kind) -> None:
    data = category(7, kind=kind, dtype=dtype)
    truth, scores = flat(data)
    found = streamed(data, draws=0).result()
    expected = metrics.roc_auc_score(truth, scores.astype(np.float64))
    assert abs(float(found["pixel_auroc"]) - expected) <= found["pixel_auroc"].bound + 1e-12
    assert float(exact(data, draws=0)["pixel_auroc"]) == pytest.approx(expected, abs=1e-12)


def test_ties_the_sample_knows_are_ties_in_one_pass_too() -> None:
    data = category(8, kind="few levels")
    found, expected = streamed(data, draws=0).result(), exact(data, draws=0)
    for key in RANKED:
        assert float(found[key]) == pytest.approx(float(expected[key]), abs=1e-12), key


@pytest.mark.parametrize("engine", [exact, lambda data: streamed(data).result()])
def test_constant_maps_are_worth_nothing(engine) -> None:
    data = category(1, kind="constant")
    found = engine(data)
    prevalence = flat(data)[0].mean()
    assert found["pixel_auroc"].value == 0.5
    assert found["pixel_ap"].value == pytest.approx(prevalence, abs=1e-12)
    assert found["pixel_f1_max"].value == pytest.approx(2 * prevalence / (1 + prevalence))
    assert found["pixel_aupro"].value == pytest.approx(0.15)


def large(seed: int = 0, images: int = 8) -> Category:
    """Enough normal pixels for false positive rates of 1e-5, of different sizes, with ties."""
    maps, masks = category(seed, images, side=230)
    maps = [np.round(scores + 1.5 * mask, 3) for scores, mask in zip(maps, masks, strict=True)]
    return maps, masks


def test_aupimo_is_that_of_the_definition_image_by_image() -> None:
    data = large()
    pixels = fed(ExactPixelMetrics(draws=0), data)
    expected = direct_metrics.aupimo(*data)
    per_image = pixels.per_image()
    assert {name for name, value in per_image.items() if value is not None} == {
        f"{index:03}.png" for index in expected
    }
    for index, value in expected.items():
        assert per_image[f"{index:03}.png"] == pytest.approx(value, abs=1e-12)
    mean = np.mean(list(expected.values()))
    assert 0.01 < mean < 0.99
    assert float(pixels.result()["pixel_aupimo"]) == pytest.approx(mean, abs=1e-12)


def test_aupimo_in_one_pass_is_within_its_bound() -> None:
    rng = np.random.default_rng(0)
    maps = [rng.standard_normal((300, 300)) for _ in range(6)]
    masks = [np.zeros((300, 300), bool) for _ in maps]
    for scores, mask in zip(maps[::2], masks[::2], strict=True):
        mask[:150] = True  # 45,000 anomalous pixels, of which few thousand are kept
        scores[:150] += 3.5
    found = streamed((maps, masks), draws=0).result()["pixel_aupimo"]
    expected = np.mean(list(direct_metrics.aupimo(maps, masks).values()))
    assert 0 < found.bound < 2e-4
    assert abs(float(found) - expected) <= found.bound


def test_aupimo_needs_enough_normal_images_and_pixels() -> None:
    few = exact(category(0))["pixel_aupimo"]
    assert "cannot be seen in fewer than 100,000" in few.undefined
    pixels = ExactPixelMetrics()
    pixels.add(np.eye(3), np.eye(3, dtype=bool), "a")
    assert "no normal image" in pixels.result()["pixel_aupimo"].undefined
    assert pixels.per_image() == {"a": None}


@pytest.mark.parametrize("engine", [exact, lambda data: streamed(data).result()])
def test_the_order_of_the_images_changes_nothing(engine) -> None:
    maps, masks = large()
    order = [5, 0, 3, 7, 1, 2, 6, 4]
    names = [f"{index}.png" for index in range(len(maps))]

    def run(indices):
        sample = sample_of((maps, masks))
        pixels = ExactPixelMetrics() if engine is exact else PixelMetrics(sample)
        for index in indices:
            pixels.add(maps[index], masks[index], names[index])
        return pixels.result()

    forward, shuffled = run(range(len(maps))), run(order)
    for key in KEYS:
        assert forward[key].value == pytest.approx(shuffled[key].value, abs=1e-12), key
        assert forward[key].low == pytest.approx(shuffled[key].low, abs=1e-9), key
        assert forward[key].high == pytest.approx(shuffled[key].high, abs=1e-9), key


def test_the_same_maps_give_the_same_bytes() -> None:
    data = large()
    assert streamed(data).result() == streamed(data).result()
    assert exact(data) == exact(data)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_a_strictly_increasing_transform_changes_nothing(seed) -> None:
    maps, masks = category(seed, side=16, dtype=np.float64)
    levels = np.unique(np.concatenate([scores.ravel() for scores in maps]))
    rng = np.random.default_rng(seed)
    to = np.cumsum(rng.exponential(size=len(levels)) ** 4 + 1e-6)
    assume(len(np.unique(to)) == len(to))
    moved = [to[np.searchsorted(levels, scores)] for scores in maps]
    before, after = exact((maps, masks), draws=0), exact((moved, masks), draws=0)
    stream = streamed((moved, masks), draws=0).result()
    for key in RANKED:
        assert before[key].value == after[key].value, key
        assert abs(stream[key].value - before[key].value) <= stream[key].bound + 1e-12, key


def test_components_touch_at_corners_and_are_counted_once_each() -> None:
    mask = np.zeros((5, 9), bool)
    mask[0, 0] = mask[1, 1] = True  # one component of two pixels
    mask[:, 5:9] = True  # one of twenty
    scores = np.where(mask, 0.0, 0.5)
    scores[0, 0] = scores[1, 1] = 1.0
    pixels = fed(ExactPixelMetrics(draws=0), ([scores], [mask]))
    assert float(pixels.result()["pixel_aupro"]) == pytest.approx(0.5)


def test_the_intervals_hold_the_value_and_shrink_with_more_images() -> None:
    few, many = (streamed(category(0, n), seed=1).result() for n in (8, 64))
    for key in RANKED:
        assert few[key].low <= few[key].value <= few[key].high
        assert many[key].high - many[key].low < few[key].high - few[key].low, key


def test_both_engines_give_nearly_the_same_intervals() -> None:
    data = category(2, images=20, side=40)
    stream, sort = streamed(data).result(), exact(data)
    for key in RANKED:
        assert stream[key].low == pytest.approx(sort[key].low, abs=5e-3), key
        assert stream[key].high == pytest.approx(sort[key].high, abs=5e-3), key


def test_the_intervals_are_those_of_resampling_whole_images() -> None:
    """A bootstrap written out: images repeated as often as their weights say."""
    data = category(4, images=14, side=40)
    pixels = streamed(data, draws=100)
    found = pixels.draws()
    reference = PixelMetrics(sample_of(data), draws=100)
    names = [f"{index:03}.png" for index in range(14)]
    weights = np.array([reference._draws.weights(name) for name in names])
    for draw in range(0, 100, 20):
        again = ExactPixelMetrics(draws=0)
        for index, name in enumerate(names):
            for copy in range(weights[index, draw]):
                again.add(data[0][index], data[1][index], f"{name} {copy}")
        for key, value in again.result().items():
            if key in RANKED:
                assert found[key][draw] == pytest.approx(float(value), abs=3e-3), key


def one(mask: np.ndarray | None) -> dict[str, Measure]:
    pixels = PixelMetrics(np.arange(4.0), maps="smoothed")
    pixels.add(np.arange(4, dtype=np.float32).reshape(2, 2), mask, "001.png")
    return pixels.result()


@pytest.mark.parametrize("key", KEYS)
def test_what_is_missing_makes_it_undefined_with_the_reason(key) -> None:
    assert "no anomalous pixel" in one(np.zeros((2, 2), bool))[key].undefined
    assert "no normal pixel" in one(np.ones((2, 2), bool))[key].undefined
    assert "1 anomalous images have no mask" in one(None)[key].undefined
    nothing = PixelMetrics(np.zeros(1))
    assert nothing.result()[key].value is None
    assert nothing.curves() == {}
    assert ExactPixelMetrics().result()[key].value is None
    assert ExactPixelMetrics().curves() == {}


@pytest.mark.parametrize("key", KEYS)
def test_the_definition_says_the_resolution_the_engine_and_the_smoothing(key) -> None:
    definition = one(np.eye(2, dtype=bool))[key].definition
    assert "images' own size" in definition
    assert "one pass over" in definition
    assert "smoothed" in definition
    assert "exact over all" in exact(category(0))[key].definition


def engines():
    return [PixelMetrics(np.arange(4.0)), ExactPixelMetrics()]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_name_the_image(bad) -> None:
    for pixels in engines():
        with pytest.raises(DataError, match=r"a\.png: the map holds NaN"):
            pixels.add(np.array([[0.0, bad]]), np.zeros((1, 2), bool), "a.png")
    with pytest.raises(DataError, match="sample holds NaN"):
        PixelMetrics(np.array([0.0, bad]))


def test_other_sizes_no_pixels_and_repeated_images_are_named() -> None:
    for pixels in engines():
        with pytest.raises(DataError, match=r"a: the map is \(2, 2\) and the mask \(3, 2\)"):
            pixels.add(np.zeros((2, 2)), np.zeros((3, 2), bool), "a")
        with pytest.raises(DataError, match=r"b: .* holds no pixel"):
            pixels.add(np.zeros((0, 2)), np.zeros((0, 2), bool), "b")
        pixels.add(np.zeros((2, 2)), np.zeros((2, 2), bool), "c")
        with pytest.raises(DataError, match="c was given twice"):
            pixels.add(np.zeros((2, 2)), np.zeros((2, 2), bool), "c")
    with pytest.raises(DataError, match="this one is empty"):
        PixelMetrics(np.empty(0))
    with pytest.raises(SettingError, match="too few"):
        PixelMetrics(np.zeros(1), bins=2)


def test_the_curves_are_those_of_the_figures() -> None:
    data = category(1, images=10, side=60)
    pixels = streamed(data)
    curves, found = pixels.curves(), pixels.result()
    assert set(curves) == {"roc", "precision_recall", "pro"}
    assert all(len(curve.x) <= 512 for curve in curves.values())
    roc, pro = curves["roc"], curves["pro"]
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(float(found["pixel_auroc"]), abs=1e-3)
    inside = np.linspace(0, 0.3, 10_001)
    area = np.trapezoid(np.interp(inside, pro.x, pro.y), inside) / 0.3
    assert area == pytest.approx(float(found["pixel_aupro"]), abs=1e-3)


def test_memory_does_not_grow_with_the_images() -> None:
    rng = np.random.default_rng(0)
    scores, mask = rng.standard_normal((256, 256), dtype=np.float32), np.zeros((256, 256), bool)
    mask[:9, :9] = True
    pixels = PixelMetrics(scores.ravel())

    def feed(start: int, stop: int) -> None:
        for index in range(start, stop):
            pixels.add(scores, mask if index % 2 else np.zeros_like(mask), str(index))

    feed(0, 30)
    tracemalloc.start()
    feed(30, 130)  # 6.5 million pixels, 26 MB
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 4e6


def test_a_single_anomalous_image_has_no_interval() -> None:
    found = streamed(category(0, images=2)).result()
    assert found["pixel_auroc"].value is not None
    assert {found[key].low for key in KEYS} == {None}
