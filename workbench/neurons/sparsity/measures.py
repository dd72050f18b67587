"""Measures of sparsity of a vector, along the last axis.

All but kurtosis are of magnitudes: signs are dropped (rectify first to measure firing rates). None
changes when the vector is scaled. A vector of zeros has no sparsity: NaN.
"""

import numpy as np
from jaxtyping import Float
from scipy import stats


def treves_rolls(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows"]:
    """Return (mean |x|)^2 / mean x^2: 1 for a dense vector, 1/n for a single value.

    Treves and Rolls, "What determines the capacity of autoassociative memories in the brain?",
    Network 2 (1991). Note that a low number is sparse; `vinje_gallant` turns it round.

    >>> treves_rolls(np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 5.0, 0.0]])).tolist()
    [1.0, 0.25]
    """
    scaled = _scaled(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.square(scaled.mean(-1)) / np.square(scaled).mean(-1))


def vinje_gallant(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows"]:
    """Return (1 - a) / (1 - 1/n), where a is `treves_rolls`: 0 dense, 1 a single value.

    Vinje and Gallant, "Sparse coding and decorrelation in primary visual cortex during natural
    vision", Science 287 (2000). NaN for a vector of one.
    """
    n = values.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((1 - treves_rolls(values)) / np.float64(1 - 1 / n))


def participation_ratio(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows"]:
    """Return (sum |x|)^2 / sum x^2, the effective number of values: n dense, 1 a single one."""
    return np.asarray(values.shape[-1] * treves_rolls(values))


def gini(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows"]:
    """Return the Gini coefficient of |x|: 0 if all are equal, 1 - 1/n for a single value.

    The form of Hurley and Rickard, "Comparing measures of sparsity", IEEE Trans. Inf. Theory 55
    (2009).

    >>> gini(np.array([0.0, 0.0, 0.0, 3.0])).tolist()
    0.75
    """
    scaled = np.sort(_scaled(values), axis=-1)
    n = values.shape[-1]
    weights = 2 * np.arange(1, n + 1) - n - 1
    with np.errstate(invalid="ignore"):
        return np.asarray((scaled * weights).sum(-1) / (n * scaled.sum(-1)))


def hoyer(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows"]:
    """Return (sqrt n - |x|_1 / |x|_2) / (sqrt n - 1): 0 dense, 1 a single value.

    Hoyer, "Non-negative matrix factorization with sparseness constraints", JMLR 5 (2004). NaN for
    a vector of one.
    """
    root = np.sqrt(values.shape[-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((root - np.sqrt(participation_ratio(values))) / (root - 1))


def kurtosis(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows"]:
    """Return the excess kurtosis of the signed values: 0 for a Gaussian; NaN for a constant."""
    spread = np.ptp(values, axis=-1) > 0
    safe = np.where(spread[..., None], values, np.arange(values.shape[-1]))
    return np.asarray(np.where(spread, stats.kurtosis(safe, axis=-1), np.nan))


def _scaled(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows n"]:
    """Return magnitudes with a largest of 1, so that no square overflows; NaN if all are 0."""
    magnitudes = np.abs(values.astype(np.float64))
    with np.errstate(invalid="ignore"):
        return np.asarray(magnitudes / magnitudes.max(-1, keepdims=True))
