"""What checks return, whatever they are given."""

import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter

from workbench.course.checked import (
    MIME,
    NOT_YET,
    STRICT,
    CheckFailedError,
    Wrong,
    called,
    check,
    names,
    numbers,
)


@check("9.9")
def doubling(function):
    """Ask for twice three."""
    found = numbers(called(function, 3), like=())
    if found != 6:
        raise Wrong("that is not twice as much.")
    return "twice as much."


def test_a_right_answer_passes():
    assert doubling(lambda x: 2 * x).passed
    assert doubling.exercise == "9.9"


def test_a_wrong_answer_says_what_is_wrong():
    found = doubling(lambda x: x)
    assert not found.passed
    assert found.message == "that is not twice as much."


def stub(x): ...


def test_an_answer_that_is_not_filled_in_is_not_yet_right():
    assert doubling(...).message == doubling(None).message == NOT_YET
    assert doubling(stub).message == "not yet: stub returns nothing so far."
    assert doubling(lambda x: ...).message.startswith("not yet")


def broken(x):
    raise KeyError("oops")


def test_a_function_that_raises_is_named_with_its_error():
    assert doubling(broken).message == "broken raised KeyError: 'oops'."
    assert "is expected here" in doubling(6).message


def test_no_answer_whatever_makes_a_check_raise():
    class Odd:
        def __array__(self, *_, **__):
            raise RuntimeError("no")

    for odd in ("text", Odd(), {}, [[1], [2, 3]], np.nan, np.zeros(3), object()):
        assert not doubling(lambda x, odd=odd: odd).passed


def test_numbers_takes_what_students_return():
    for value in ([1, 2], (1, 2), np.array([1, 2]), torch.tensor([1, 2]).requires_grad_(False)):
        assert numbers(value, like=(2,)).tolist() == [1, 2]
    with pytest.raises(Wrong, match=r"shape \(2,\)"):
        numbers([1, 2], like=(3,))
    with pytest.raises(Wrong, match="NaN"):
        numbers([np.inf])


def test_names_takes_lists_and_arrays_and_no_text():
    assert names(np.array([1, 2])) == names((1, 2)) == [1, 2]
    with pytest.raises(Wrong, match="a list is expected"):
        names("ab")


def test_a_notebook_shows_a_verdict_and_keeps_it_for_the_grader():
    data, _ = DisplayFormatter().format(doubling(lambda x: "<b>"))
    assert data[MIME] == {"exercise": "9.9", "passed": False, "message": data[MIME]["message"]}
    assert data["text/plain"].startswith("✗ Exercise 9.9: your answer")
    assert "Exercise 9.9" in data["text/html"]


def test_what_a_student_made_is_escaped():
    def named(x):
        raise ValueError("<script>")

    assert "<script>" not in doubling(named)._repr_html_()


def test_strict_checks_raise_where_they_do_not_pass(monkeypatch):
    monkeypatch.setenv(STRICT, "strict")
    assert doubling(lambda x: 2 * x).passed
    with pytest.raises(CheckFailedError, match=r"exercise 9\.9 does not pass: that is not"):
        doubling(lambda x: x)
