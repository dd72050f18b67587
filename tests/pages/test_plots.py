import re
from dataclasses import replace

import numpy as np
import pytest

from tests.pages.benchmarks import sweep_figure
from tests.pages.reports import curves
from workbench.evaluation.curves import Curve
from workbench.pages.plots import clipped, curve_panels, sweep


def points(path):
    return [tuple(map(float, pair.split())) for pair in path.removeprefix("M").split("L")]


def test_a_curve_is_cut_at_the_limit_with_the_point_there_interpolated():
    x, y = clipped(np.array([0.0, 0.1, 0.5]), np.array([0.0, 0.4, 0.8]), 0.3)
    assert x.tolist() == [0.0, 0.1, 0.3]
    assert y.tolist() == pytest.approx([0.0, 0.4, 0.6])


def test_a_curve_within_the_limit_stays_as_it_is():
    x = np.array([0.0, 0.2])
    assert clipped(x, x, 0.3)[0] is x


def test_three_charts_hold_five_curves_and_their_areas():
    drawn = curve_panels(curves(), {"image_roc": "AUROC 91.2"})
    assert drawn.count("<figure>") == 3
    assert len(re.findall(r'class="line s[01] d[01]" d="M(?!0 5H30)', drawn)) == 5
    assert "over images, AUROC 91.2" in drawn


def test_curves_may_be_called_by_their_long_name():
    named = {"image_precision_recall": curves()["image_pr"]}
    assert "Precision and recall" in curve_panels(named, {})


def test_charts_without_a_curve_are_left_out():
    assert curve_panels({}, {}) == ""
    assert "PRO</b>" not in curve_panels({"image_roc": curves()["image_roc"]}, {})


def test_a_perfect_curve_goes_through_the_corner():
    corner = Curve(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]), "FPR", "TPR")
    drawn = curve_panels({"image_roc": corner}, {})
    (path,) = re.findall(r'class="line s0 d0" d="(M[\d.]+ [\d.]+L[^"]*)"', drawn)
    (left, bottom), (at, top), (right, end) = points(path)
    assert left == at
    assert top == end
    assert bottom > top
    assert right > left


def test_wide_spans_of_a_setting_go_on_a_log_axis():
    drawn = sweep(sweep_figure(x=[1, 10, 100, 1000]))
    marks = [float(x) for x in re.findall(r'class="s0 " transform="translate\(([\d.]+) ', drawn)]
    marks = marks[-4:]
    assert np.diff(marks) == pytest.approx(np.diff(marks)[0], abs=0.2)


def test_an_interval_is_drawn_where_there_is_one():
    assert sweep(sweep_figure()).count('class="interval') == 7
    bare = sweep_figure(series={"a": ([0.5] * 4, [None] * 4, [None] * 4)})
    assert 'class="interval' not in sweep(bare)


def test_long_words_get_a_row_each():
    names = [f"top K against {name}" for name in ("random K", "bottom K", "projection", "all")]
    figure = sweep_figure(x=names, series={"difference": ([0.1, 0.0, -0.1, None],) * 3})
    drawn = sweep(replace(figure, reference=0.0))
    assert 'class="line' not in drawn
    assert "top K against projection" in drawn
    assert "top K against all" not in drawn


def test_nothing_measured_is_said():
    empty = sweep_figure(series={"a": ([None] * 4,) * 3}, reference=None)
    assert "Nothing could be measured." in sweep(empty)
