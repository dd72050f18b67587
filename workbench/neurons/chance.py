"""Chance: p-values by drawing, and their correction where many are asked at once."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from workbench.errors import SettingError


@dataclass(frozen=True)
class AgainstChance:
    """A measure, the middle 95 % of its null, and how often the null is at least as sparse."""

    value: float
    null_low: float
    null_high: float
    p_value: float


def against(value: float, drawn: Float[np.ndarray, "draw"], *, low: bool = False) -> AgainstChance:
    """Put a value beside its null; with `low`, low values are the sparse ones."""
    at, to = np.quantile(drawn, [0.025, 0.975])
    sign = -1.0 if low else 1.0
    p = float(p_at_least(sign * value, sign * drawn))
    return AgainstChance(float(value), float(at), float(to), p)


def p_at_least(
    observed: Float[np.ndarray, "*test"] | float, drawn: Float[np.ndarray, "draw *test"]
) -> Float[np.ndarray, "*test"]:
    """Return (1 + draws that reach the observed) / (1 + draws): never 0, valid at any number.

    Phipson and Smyth, "Permutation p-values should never be zero", 2010. Ties up to rounding
    count as reaching; NaN where the observed is NaN.
    """
    seen = np.asarray(observed, float)
    reach = drawn >= seen - 1e-12 * np.maximum(1.0, np.abs(seen))
    return np.asarray(np.where(np.isnan(seen), np.nan, (1 + reach.sum(0)) / (1 + len(drawn))))


def corrected(p_values: Float[np.ndarray, "test"]) -> Float[np.ndarray, "test"]:
    """Return Benjamini and Hochberg's adjusted p-values (1995); tests that are NaN stay out."""
    from scipy import stats  # takes a second to import, which a reader of labels need not wait

    found = np.full(len(p_values), np.nan)
    known = ~np.isnan(p_values)
    if known.any():
        found[known] = stats.false_discovery_control(p_values[known], method="bh")
    return found


def check_draws(draws: int) -> None:
    """Raise `SettingError` if there is no draw."""
    if draws < 1:
        raise SettingError(f"draws is {draws}; a null model needs at least 1.")
