"""The sensitivity spectrum: how much of all sensitivity the first K neurons hold."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float

from workbench.errors import DataError, SettingError
from workbench.excavation.detector import Excavation
from workbench.neurons.chance import AgainstChance, against, check_draws
from workbench.neurons.sparsity import measures
from workbench.recording.statistics import NeuronStatistics


def _knee(values: Float[np.ndarray, "*rows n"]) -> Float[np.ndarray, "*rows"]:
    """Return how many values are above their mean."""
    above = values > values.mean(-1, keepdims=True) * (1 + 1e-12)
    return np.asarray(above.sum(-1), float)


def _needed(values: Float[np.ndarray, "*rows n"], share: float) -> Float[np.ndarray, "*rows"]:
    """Return the fewest values that hold a share of their sum."""
    held = np.cumsum(-np.sort(-values, axis=-1), axis=-1)
    reached = held >= share * (1 - 1e-12) * held[..., -1:]
    return np.asarray(reached.argmax(-1) + 1, float)


_MEASURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gini": measures.gini,
    "hoyer": measures.hoyer,
    "vinje_gallant": measures.vinje_gallant,
    "participation_ratio": measures.participation_ratio,
    "kurtosis": measures.kurtosis,
    "knee": _knee,
    "needed_for_90": partial(_needed, share=0.9),
}
_LOW = ("participation_ratio", "knee", "needed_for_90")
"""Measures of which low values are the sparse ones."""
_BLOCK = 1 << 20  # drawn values at once


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Sensitivities in descending order, and how unequal they are.

    Attributes:
        values: the sensitivities, the largest first.
        cumulative: the share of their sum that the first K hold, K = 1 to n.
        knee: the K at which `cumulative` is farthest above the straight line from 0 to n, which
            is the number of neurons above the mean sensitivity (the point that Satopää et al.'s
            Kneedle, 2011, takes on a curve without smoothing). Equal values have none: 0.
        measures: each measure of `values` against the null, the knee and the number that holds 90 %
            of the sum among them.
        observations: how many independent observations the null gives each neuron.
    """

    values: Float[np.ndarray, "n"] = field(repr=False)
    cumulative: Float[np.ndarray, "n"] = field(repr=False)
    knee: int
    measures: dict[str, AgainstChance]
    observations: int

    def needed_for(self, share: float) -> int:
        """Return the fewest neurons that hold a share (above 0, at most 1) of all sensitivity."""
        if not 0 < share <= 1:
            raise SettingError(f"share is {share}; it must be above 0 and at most 1.")
        return int(_needed(self.values, share))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{name}</th><td>{one.value:.4g}</td>"
            f"<td>[{one.null_low:.4g}, {one.null_high:.4g}]</td><td>{one.p_value:.3g}</td></tr>"
            for name, one in self.measures.items()
        )
        return (
            f"<table><caption>{len(self.values)} neurons, knee at {self.knee}, 90 % of the "
            f"sensitivity in {self.needed_for(0.9)}</caption><thead><tr><th>measure</th>"
            "<th>value</th><th>null, middle 95 %</th><th>p</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def spectrum(
    source: Float[np.ndarray, "n"] | NeuronStatistics | Excavation,
    *,
    observations: int,
    draws: int = 1000,
    seed: int = 0,
) -> Spectrum:
    """Return the spectrum of variances: given, of a store's `statistics[site]`, of an excavation.

    The null: all neurons are Gaussian, independent, and of one variance, so that spectra are
    unequal only as far as variances from `observations` observations are. Patches of an image are
    not independent: give the number of images to be conservative. The null's p-values ask how
    often it is at least as sparse; they are for variances only.

    Raises `DataError` for fewer than two neurons, values that are negative or not finite, or all
    zero; `SettingError` for fewer than two observations, or another statistic than variance.
    """
    check_draws(draws)
    if observations < 2:
        raise SettingError(f"observations is {observations}; a variance needs at least 2.")
    values = np.sort(_variances(source).astype(np.float64))[::-1]
    n = len(values)
    if n < 2 or not np.isfinite(values).all() or values[-1] < 0 or values[0] <= 0:
        raise DataError(
            "a spectrum needs two or more sensitivities that are finite, not negative and not "
            "all zero."
        )
    shares = values / values.sum()
    cumulative = np.cumsum(shares)
    cumulative[-1] = 1.0
    rng = np.random.default_rng(seed)
    null: dict[str, list[np.ndarray]] = {name: [] for name in _MEASURES}
    step = max(1, _BLOCK // n)
    for start in range(0, draws, step):
        drawn = rng.chisquare(observations - 1, (min(step, draws - start), n))
        for name, measure in _MEASURES.items():
            null[name].append(measure(drawn))
    return Spectrum(
        values=values,
        cumulative=cumulative,
        knee=int(_knee(values)),
        measures={
            name: against(
                float(measure(values)),
                np.concatenate(null[name]),
                low=name in _LOW,
            )
            for name, measure in _MEASURES.items()
        },
        observations=observations,
    )


def _variances(source: Float[np.ndarray, "n"] | NeuronStatistics | Excavation) -> np.ndarray:
    if isinstance(source, NeuronStatistics):
        return source.variance
    if isinstance(source, Excavation):
        if source.settings.statistic != "variance":
            raise SettingError(
                f"this excavation ranks by {source.settings.statistic}, and the null is one of "
                "variances. Excavate with statistic='variance'."
            )
        return source.sensitivity
    return source
