"""Checks of exercises: what they return, and what they are written with.

A check asks how an answer behaves, and never says what the answer is:

    @check("2.1")
    def sensitivity_by_hand(function):
        found = numbers(called(function, patches), like=wanted.shape)
        if (found < 0).any():
            raise Wrong("a variance is never negative, and yours is.")
        return "your sensitivities rank the planted neurons first."

Where the environment variable WORKBENCH_CHECKS is `strict`, a check that does not pass raises, so
that a run of the solutions fails with it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from html import escape
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from workbench.errors import WorkbenchError

MIME = "application/vnd.workbench.check+json"
"""Under this type a notebook's output holds what a check found, for the grader."""
STRICT = "WORKBENCH_CHECKS"
NOT_YET = "not yet: there is still a place to fill in above."

_PASSED, _OPEN = ("#00664f", "#e6f4ef"), ("#8a4b00", "#fdf1e3")


@dataclass(frozen=True)
class Checked:
    """What a check found: the exercise's number, whether it passed, and one sentence."""

    exercise: str
    passed: bool
    message: str

    def __repr__(self) -> str:
        return f"{'✓' if self.passed else '✗'} Exercise {self.exercise}: {self.message}"

    def _repr_html_(self) -> str:
        ink, paper = _PASSED if self.passed else _OPEN
        return (
            f'<div style="border-left:4px solid {ink};background:{paper};color:#1b1e23;'
            f'padding:.5em .8em;border-radius:3px"><b style="color:{ink}">'
            f"{'✓' if self.passed else '✗'} Exercise {escape(self.exercise)}</b> "
            f"{escape(self.message)}</div>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "text/html": self._repr_html_(),
            MIME: {"exercise": self.exercise, "passed": self.passed, "message": self.message},
        }


class Wrong(Exception):  # noqa: N818, it is a verdict and no failure of ours
    """Raised by a check: the answer is not right, and this sentence says in which way."""


class CheckFailedError(WorkbenchError):
    """A check that did not pass, where WORKBENCH_CHECKS is `strict`."""


@runtime_checkable
class Check(Protocol):
    """A check of an exercise, to be called in a notebook."""

    exercise: str

    def __call__(self, *answers: Any) -> Checked:
        """Check what the student wrote."""


def check(exercise: str) -> Callable[[Callable[..., str]], Check]:
    """Make a check of a function that returns praise, or raises `Wrong`.

    Answers that are `None` or `...` are not filled in yet, and the function is not asked.
    """

    def made(function: Callable[..., str]) -> Check:
        @wraps(function)
        def checked(*answers: Any) -> Checked:
            found = Checked(exercise, *_verdict(function, answers))
            if not found.passed and os.environ.get(STRICT) == "strict":
                raise CheckFailedError(f"exercise {exercise} does not pass: {found.message}")
            return found

        checked.exercise = exercise  # type: ignore[attr-defined]
        return cast("Check", checked)

    return made


def _verdict(function: Callable[..., str], answers: tuple[Any, ...]) -> tuple[bool, str]:
    if any(open_(answer) for answer in answers):
        return False, NOT_YET
    try:
        return True, function(*answers)
    except Wrong as wrong:
        return False, str(wrong)
    except Exception as error:  # whatever a student's object does when it is looked at
        return False, f"your answer cannot be checked: {_named(error)}."


def open_(value: Any) -> bool:
    """Return whether an answer was left as it stood in the exercise."""
    return value is None or value is Ellipsis


def called(function: Any, *given: Any, **named: Any) -> Any:
    """Return what a student's function makes of this; raises `Wrong` if it fails."""
    if not callable(function):
        raise Wrong(f"a function is expected here, and this is a {type(function).__name__}.")
    name = getattr(function, "__name__", "your function")
    try:
        value = function(*given, **named)
    except Exception as error:  # student code may raise anything
        raise Wrong(f"{name} raised {_named(error)}.") from error
    if open_(value):
        raise Wrong(f"not yet: {name} returns nothing so far.")
    return value


def numbers(value: Any, *, like: tuple[int, ...] | None = None, what: str = "your answer") -> Any:
    """Return an answer as a float64 array; raises `Wrong` unless it is finite and of shape `like`.

    Arrays, tensors, lists and single numbers are taken.
    """
    if open_(value):
        raise Wrong(NOT_YET)
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise Wrong(f"{what} is a {type(value).__name__}; numbers are expected.") from error
    if like is not None and found.shape != like:
        raise Wrong(f"{what} has shape {found.shape}; {like} is expected.")
    if not np.isfinite(found).all():
        raise Wrong(f"{what} holds NaN or infinity.")
    return found


def names(value: Any, what: str = "your answer") -> list[Any]:
    """Return an answer that is a list, tuple, set or array as a list; raises `Wrong` otherwise."""
    if open_(value):
        raise Wrong(NOT_YET)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise Wrong(f"{what} is a {type(value).__name__}; a list is expected.")
    return list(value)


def _named(error: Exception) -> str:
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:160]}".rstrip(": .")
