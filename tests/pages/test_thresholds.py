import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages.reading import Reader
from tests.pages.reports import category
from workbench.errors import DataError
from workbench.evaluation.threshold import Threshold
from workbench.pages.thresholds import (
    all_thresholds,
    flagged,
    groups,
    scores_figure,
    threshold_box,
    wilson,
)

SCORES = np.array([0.1, 0.5, 0.7, 0.2, 0.9, 0.5])
SMALL = {
    "scores": SCORES,
    "labels": [0, 0, 0, 1, 1, 1],
    "defects": ["", "", "", "dent", "dent", "crack"],
    "threshold": Threshold(0.5, 0.05, "heuristic", 4, "of 4"),
}


def test_scores_are_grouped_by_kind_normal_first():
    found = groups(category(**SMALL))
    assert [(g.name, g.defective, g.scores.tolist()) for g in found] == [
        ("normal", False, [0.1, 0.5, 0.7]),
        ("crack", True, [0.5]),
        ("dent", True, [0.2, 0.9]),
    ]


def test_a_score_on_the_threshold_is_flagged():
    assert flagged(category(**SMALL)) == [2, 1, 1]


def test_given_flags_count_rather_than_scores():
    given_flags = category(**SMALL, flagged=[False, False, True, True, True, False])
    assert flagged(given_flags) == [1, 0, 2]


def test_the_box_says_what_the_threshold_does_to_each_kind():
    words = Reader(threshold_box(category(**SMALL))).words
    assert "normal 3 2 false alarms 66.7" in words
    assert "dent 2 1 caught 50.0" in words
    assert "it is a heuristic" in words


def test_a_conformal_threshold_promises_and_a_heuristic_one_does_not():
    promising = category(**{**SMALL, "threshold": Threshold(0.5, 0.05, "conformal", 20, "")})
    assert "promises at most 5.0" in threshold_box(promising)
    assert "promises" not in threshold_box(category(**SMALL))


def test_without_a_threshold_there_is_no_box_and_no_line():
    plain = category(threshold=None)
    assert threshold_box(plain) == ""
    assert 'class="threshold"' not in scores_figure(plain)
    assert all_thresholds([plain]) == ""


def test_one_test_image_is_enough_for_the_figure_and_the_box():
    single = category(
        scores=np.array([0.4]), labels=[0], defects=[""], threshold=SMALL["threshold"]
    )
    assert "normal 1 0 false alarms 0.0" in Reader(threshold_box(single)).words
    assert "<svg" in scores_figure(single)


def test_lists_of_another_length_than_the_scores_are_refused():
    with pytest.raises(DataError, match=r"tile has 6 scores and 2 defects"):
        category(**{**SMALL, "defects": ["", "dent"]})
    with pytest.raises(DataError, match=r"5 labels"):
        category(**{**SMALL, "labels": [0] * 5})


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share_and_stays_a_share(pair):
    count, images = pair
    low, high = wilson(count, images)
    assert 0 <= low <= count / images + 1e-12
    assert count / images - 1e-12 <= high <= 1


def test_wilsons_interval_is_the_one_in_the_books():
    # 81 of 263: 25.5 to 36.6 % (Newcombe 1998, table I, method 3)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
