import pytest

from workbench.claims.effects import Effect
from workbench.claims.statements import KEPT, LESS, MORE
from workbench.claims.verdict import together, verdict


@pytest.mark.parametrize(
    ("low", "high", "rule", "expected"),
    [
        (0.1, 3.0, MORE, "holds"),
        (-0.1, 3.0, MORE, "undecided"),
        (-3.0, -0.1, MORE, "does not hold"),
        (-3.0, -0.1, LESS, "holds"),
        (0.1, 3.0, LESS, "does not hold"),
        (-0.9, 0.2, KEPT, "holds"),
        (-1.1, 0.2, KEPT, "undecided"),
        (-4.0, -1.2, KEPT, "does not hold"),
    ],
)
def test_an_interval_wholly_on_one_side_decides_and_no_other(low, high, rule, expected):
    assert verdict(Effect((low + high) / 2, low, high), rule) == expected


def test_an_interval_that_ends_at_the_limit_does_not_decide():
    assert verdict(Effect(1.0, 0.0, 2.0), MORE) == "undecided"
    assert verdict(Effect(-0.5, -1.0, 0.0), KEPT) == "undecided"


def test_two_arms_that_no_resample_tells_apart_are_undecided_even_for_non_inferiority():
    assert verdict(Effect(0.0, 0.0, 0.0, constant=True), KEPT) == "undecided"


def test_a_difference_that_is_large_in_every_resample_decides():
    assert verdict(Effect(50.0, 50.0, 50.0, constant=True), MORE) == "holds"


def test_what_is_not_measured_is_undecided():
    assert verdict(Effect(None, undefined="no cells"), MORE) == "undecided"


def test_all_parts_must_hold_and_one_refutes():
    assert together(["holds", "holds"]) == "holds"
    assert together(["holds", "undecided"]) == "undecided"
    assert together(["holds", "undecided", "does not hold"]) == "does not hold"
    assert together([]) == "undecided"
