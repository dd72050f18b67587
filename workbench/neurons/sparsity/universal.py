"""Universal and category-specific neurons: which are chosen in m of n sets, against chance."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape

import numpy as np
from jaxtyping import Float, Int

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.neurons.chance import check_draws, corrected, p_at_least
from workbench.neurons.sparsity.overlap import channel_sets


@dataclass(frozen=True, eq=False)
class Universality:
    """How often each neuron was chosen, and what random sets of the same sizes would give.

    Attributes:
        names: of the sets.
        chosen: in how many of them each neuron is.
        p_values, q_values: of being in as many or more; corrected over all neurons of the site.
        universal: chosen in every set, and more often than chance (q at most alpha).
        specific: by set, the neurons that are in it and in no other. Any one of them may be so by
            chance: `p_more[1]` says whether there are more of them than chance gives.
        observed, expected: how many neurons are in m of the n sets, m = 0 to n.
        p_more, p_fewer: how often random sets give as many or more, as few or fewer; corrected
            over all m.
        alpha: the false discovery rate that was allowed.
    """

    names: tuple[str, ...]
    chosen: Int[np.ndarray, "neuron"] = field(repr=False)
    p_values: Float[np.ndarray, "neuron"] = field(repr=False)
    q_values: Float[np.ndarray, "neuron"] = field(repr=False)
    universal: tuple[int, ...]
    specific: dict[str, tuple[int, ...]] = field(repr=False)
    observed: Int[np.ndarray, "count"]
    expected: Float[np.ndarray, "count"]
    p_more: Float[np.ndarray, "count"]
    p_fewer: Float[np.ndarray, "count"]
    alpha: float

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{m}</th><td>{self.observed[m]}</td><td>{self.expected[m]:.3g}</td>"
            f"<td>{self.p_more[m]:.3g}</td><td>{self.p_fewer[m]:.3g}</td></tr>"
            for m in range(len(self.observed))
        )
        title = f"{len(self.universal)} neurons in all of {', '.join(self.names)}, beyond chance"
        return (
            f"<table><caption>{escape(title)}</caption><thead><tr><th>in m sets</th>"
            "<th>neurons</th><th>by chance</th><th>p of more</th><th>p of fewer</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def universality(
    sets: Mapping[str, NeuronSet | Iterable[int]],
    width: int,
    *,
    alpha: float = 0.05,
    draws: int = 1000,
    seed: int = 0,
) -> Universality:
    """Count in how many sets each of `width` neurons is.

    The null: every set is a random one of its size, independent of the others. A neuron is then
    in set i with probability size_i / width, and its count is a sum of such trials (binomial where
    the sizes agree), whose tail is exact. The number of neurons with each count has no simple law,
    as the neurons compete for places: it is compared with `draws` sets drawn by `seed`.

    Raises `DataError` as `set_overlaps` does, `SettingError` for an alpha outside 0 to 1.
    """
    check_draws(draws)
    if not 0 < alpha < 1:
        raise SettingError(f"alpha is {alpha}; it must be between 0 and 1.")
    found = channel_sets(sets, width)
    sizes = [len(channels) for channels in found.values()]
    chosen = np.zeros(width, np.int64)
    for channels in found.values():
        chosen[list(channels)] += 1
    law = sum_of_trials(np.array(sizes) / width)
    tail = np.minimum(np.cumsum(law[::-1])[::-1], 1.0)  # P(count >= m)
    q_values = corrected(tail[chosen])
    n = len(found)
    observed = np.bincount(chosen, minlength=n + 1)
    drawn = _drawn(sizes, width, draws, np.random.default_rng(seed))
    specific = {
        name: tuple(sorted(i for i in channels if chosen[i] == 1))
        for name, channels in found.items()
    }
    everywhere = np.flatnonzero((chosen == n) & (q_values <= alpha))
    return Universality(
        names=tuple(found),
        chosen=chosen,
        p_values=tail[chosen],
        q_values=q_values,
        universal=tuple(everywhere.tolist()),
        specific=specific,
        observed=observed,
        expected=width * law,
        p_more=corrected(p_at_least(observed.astype(float), drawn)),
        p_fewer=corrected(p_at_least(-observed.astype(float), -drawn)),
        alpha=alpha,
    )


def sum_of_trials(chances: Float[np.ndarray, "trial"]) -> Float[np.ndarray, "count"]:
    """Return the chances of 0 to n successes in independent trials (the Poisson binomial law).

    >>> sum_of_trials(np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    law = np.ones(1)
    for chance in chances:
        law = np.convolve(law, [1 - chance, chance])
    return law


def _drawn(
    sizes: list[int], width: int, draws: int, rng: np.random.Generator
) -> Float[np.ndarray, "draw count"]:
    found = np.empty((draws, len(sizes) + 1))
    for draw in range(draws):
        chosen = np.zeros(width, np.int64)
        for size in sizes:
            chosen[rng.choice(width, size, replace=False)] += 1
        found[draw] = np.bincount(chosen, minlength=len(sizes) + 1)
    return found
