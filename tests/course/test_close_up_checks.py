"""The checks of notebook 04 tell right from wrong, and say in which way."""

import numpy as np

from workbench.course import close_up as checks


def said_of(check, answer):
    found = check(answer)
    assert not found.passed
    return found.message


def carried(detection, indices, at=None):
    shares = detection.shares(*(at or detection.peak))
    kept = [
        share
        for one, share in zip(detection.neurons.indices, shares, strict=True)
        if one in indices
    ]
    return sum(kept) / shares.sum()


def test_what_neurons_carry_is_a_part_of_the_visual_score_at_the_peak():
    check = checks.what_neurons_carry
    assert check(carried).passed
    for answer, said in (
        (lambda d, i: carried(d, i) * d.visual[d.peak], "divide by"),
        (lambda d, i: carried(d, i, at=(0, 0) if d.peak != (0, 0) else (1, 1)), "`peak`"),
        (lambda d, i: carried(d, i, at=d.peak[::-1]), "row first"),
        (lambda d, i: 100 * carried(d, i), "at most 1"),
        (lambda d, i: len(i) / len(d.neurons), "not right"),
        (lambda d, i: d.shares(*d.peak)[i].sum(), "IndexError"),
    ):
        assert said in said_of(check, answer)


def test_the_planted_peak_is_not_where_the_visual_score_is_largest():
    detection = checks.planted()
    assert detection.peak != np.unravel_index(detection.visual.argmax(), detection.visual.shape)


def errors(scores, labels, threshold):
    flagged = scores >= threshold
    return (~flagged & (labels == 1)).sum(), (flagged & (labels == 0)).sum()


def test_errors_are_counted_by_kind_with_ties():
    check = checks.two_kinds_of_error
    assert check(errors).passed
    for answer, said in (
        (lambda s, y, t: errors(s, y, t)[::-1], "wrong order"),
        (lambda s, y, t: ((s <= t) & (y == 1), (s > t) & (y == 0)), "shape"),
        (lambda s, y, t: (((s <= t) & (y == 1)).sum(), ((s > t) & (y == 0)).sum()), "reaches it"),
        (lambda s, y, t: (0, 0), "others"),
        (lambda s, y, t: sum(errors(s, y, t)), "what your function returns has shape"),
        (lambda s, y, t: ..., "not yet"),
    ):
        assert said in said_of(check, answer)


def test_images_change_sides_in_both_directions():
    check = checks.who_changes_sides

    def sides(scores, old, new):
        return np.flatnonzero((scores >= old) != (scores >= new))

    assert check(sides).passed
    for answer, said in (
        (lambda s, a, b: (s >= a) != (s >= b), "a mask"),
        (lambda s, a, b: s[sides(s, a, b)], "positions"),
        (lambda s, a, b: np.flatnonzero((s >= b) & (s < a)), "other images"),
        (lambda s, a, b: np.flatnonzero((s > a) != (s > b)), "other images"),
        (lambda s, a, b: np.where((s >= a) != (s >= b)), "by themselves"),
        (lambda s, a, b: 3, "a list"),
    ):
        assert said in said_of(check, answer)
