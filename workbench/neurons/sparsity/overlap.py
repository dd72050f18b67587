"""Do two selections agree? Sets against draws of the same sizes, rankings against shuffled ones.

What is compared - categories, seeds, shots, layers, models - is up to the names given. Channel
numbers mean the same neuron within a model; along a residual stream also across layers. Across
models that were trained apart they mean nothing, and agreement should be that of chance.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy import stats

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError
from workbench.neurons.chance import check_draws, corrected, p_at_least

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 1 << 22  # permuted values at once


@dataclass(frozen=True)
class SetOverlap:
    """Two sets: what they share, and what two random sets of their sizes would.

    `p_value` is the hypergeometric chance of sharing as many or more; `q_value` is corrected for
    all pairs of the table.
    """

    first: str
    second: str
    shared: int
    jaccard: float
    expected_shared: float
    p_value: float
    q_value: float


@dataclass(frozen=True)
class RankAgreement:
    """Two rankings of the same neurons: Spearman's correlation, and its one-sided p by shuffling.

    `q_value` is corrected for all pairs of the table.
    """

    first: str
    second: str
    correlation: float
    p_value: float
    q_value: float


@dataclass(frozen=True)
class Pairs:
    """A row per pair of names."""

    rows: tuple[SetOverlap, ...] | tuple[RankAgreement, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> "pd.DataFrame":
        """Return the rows as a data frame."""
        import pandas as pd

        return pd.DataFrame([vars(row) for row in self.rows])

    def _repr_html_(self) -> str:
        names = list(vars(self.rows[0]))
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in vars(row).values()) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.3g}"


def set_overlaps(sets: Mapping[str, NeuronSet | Iterable[int]], width: int) -> Pairs:
    """Compare every pair of sets of channels, out of `width` at each site.

    Raises `DataError` for fewer than two sets, an empty one, or a channel outside the width.
    """
    found = channel_sets(sets, width)
    pairs = list(combinations(found, 2))
    shared = [len(found[a] & found[b]) for a, b in pairs]
    p_values = np.array(
        [
            stats.hypergeom.sf(both - 1, width, len(found[a]), len(found[b]))
            for (a, b), both in zip(pairs, shared, strict=True)
        ],
        float,
    )
    q_values = corrected(p_values)
    return Pairs(
        tuple(
            SetOverlap(
                first=a,
                second=b,
                shared=both,
                jaccard=both / len(found[a] | found[b]),
                expected_shared=len(found[a]) * len(found[b]) / width,
                p_value=float(p),
                q_value=float(q),
            )
            for (a, b), both, p, q in zip(pairs, shared, p_values, q_values, strict=True)
        )
    )


def rank_agreements(
    rankings: Mapping[str, Float[np.ndarray, "neuron"]], *, draws: int = 1000, seed: int = 0
) -> Pairs:
    """Compare every pair of sensitivities of the same neurons by Spearman's rank correlation.

    The null shuffles one of the two. Raises `DataError` for fewer than two rankings, of fewer
    than three neurons, of different lengths, constant, or not finite.
    """
    check_draws(draws)
    if len(rankings) < 2:
        raise DataError("rank agreement needs two or more rankings.")
    lengths = {len(values) for values in rankings.values()}
    if len(lengths) > 1 or min(lengths) < 3:
        raise DataError(
            f"rankings must be of the same three or more neurons; these have {sorted(lengths)}."
        )
    scores = {name: _standard_ranks(name, values) for name, values in rankings.items()}
    rng = np.random.default_rng(seed)
    pairs = list(combinations(scores, 2))
    correlations = np.array([scores[a] @ scores[b] for a, b in pairs])
    p_values = np.array(
        [
            p_at_least(seen, _shuffled(scores[a], scores[b], draws, rng))
            for (a, b), seen in zip(pairs, correlations, strict=True)
        ],
        float,
    )
    q_values = corrected(p_values)
    return Pairs(
        tuple(
            RankAgreement(a, b, float(r), float(p), float(q))
            for (a, b), r, p, q in zip(pairs, correlations, p_values, q_values, strict=True)
        )
    )


def channel_sets(
    sets: Mapping[str, NeuronSet | Iterable[int]], width: int
) -> dict[str, frozenset[int]]:
    """Return the channels of each set, checked as `set_overlaps` says."""
    if len(sets) < 2:
        raise DataError("a comparison needs two or more sets of neurons.")
    found = {
        name: frozenset(one.indices if isinstance(one, NeuronSet) else one)
        for name, one in sets.items()
    }
    if width < 1:
        raise SettingError(f"width is {width}; it is the number of neurons at a site.")
    for name, channels in found.items():
        if not channels or min(channels) < 0 or max(channels) >= width:
            raise DataError(
                f"the set {name!r} is empty or has a channel outside 0 to {width - 1}: give sets "
                "of sites of one width, and that width."
            )
    return found


def _standard_ranks(name: str, values: Float[np.ndarray, "neuron"]) -> np.ndarray:
    """Return mean ranks (ties share theirs), centred, of unit length."""
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        raise DataError(f"the ranking {name!r} is constant, or holds NaN or infinity.")
    ranks = stats.rankdata(values)
    ranks = ranks - ranks.mean()
    return np.asarray(ranks / np.linalg.norm(ranks))


def _shuffled(
    first: np.ndarray, second: np.ndarray, draws: int, rng: np.random.Generator
) -> Float[np.ndarray, "draw"]:
    step = max(1, _BLOCK // len(first))
    return np.concatenate(
        [
            rng.permuted(np.tile(first, (min(step, draws - start), 1)), axis=1) @ second
            for start in range(0, draws, step)
        ]
    )
