"""What labelling returns: a label per neuron and method, with the chance it was judged against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.neurons.chance import corrected, p_at_least

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
"""The false discovery rate at which a neuron gets a label."""

SHOWN = 5
"""How many candidates a label keeps."""

Candidates = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Label:
    """What one method calls one neuron, or nothing.

    Attributes:
        neuron: spelled `site:index`.
        method: see `METHODS`.
        term: the best concept, or None where its score is not better than chance.
        score: of the best concept, in the method's own unit.
        p_value: how often chance, with its best concept, scores as high.
        q_value: corrected (Benjamini and Hochberg) for all neurons labelled together; a term needs
            0.05 or less.
        null_mean, null_95: the mean and the 95 % quantile of the best score by chance.
        candidates: the best concepts and their values, best first, whether or not there is a term.
    """

    neuron: str
    method: str
    term: str | None
    score: float
    p_value: float
    q_value: float
    null_mean: float
    null_95: float
    candidates: Candidates = field(repr=False)

    @property
    def runners_up(self) -> Candidates:
        """The candidates that were not chosen: all of them where there is no label."""
        return self.candidates if self.term is None else self.candidates[1:]

    def row(self) -> dict[str, Any]:
        """Return the label as a row of plain values, for JSON."""
        return {
            "neuron": self.neuron,
            "method": self.method,
            "term": self.term,
            "score": self.score,
            "p_value": self.p_value,
            "q_value": self.q_value,
            "null_mean": self.null_mean,
            "null_95": self.null_95,
            "runners_up": [list(one) for one in self.runners_up],
        }


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of a set of neurons, by every method that was asked.

    Attributes:
        neurons: what was labelled.
        by_method: for each method a label per neuron, in the set's order.
        unit: "patch" or "image": what the profiles are over.
        images: how many the profiles are over, 0 where none was needed.
        vocabulary: the name of the vocabulary.
        concepts: how many terms it has.
        draws, seed: of the nulls.
    """

    neurons: NeuronSet
    by_method: Mapping[str, tuple[Label, ...]] = field(repr=False)
    unit: str
    images: int
    vocabulary: str
    concepts: int
    draws: int
    seed: int

    def __len__(self) -> int:
        return len(self.neurons)

    def of(self, position: int) -> dict[str, Label]:
        """Return the labels of the neuron at a position of the set, by method.

        Raises `SettingError` for a position that the set does not have.
        """
        if not 0 <= position < len(self):
            raise SettingError(f"no neuron at position {position}: the set has {len(self)}.")
        return {method: labels[position] for method, labels in self.by_method.items()}

    def rows(self) -> list[dict[str, Any]]:
        """Return all labels as rows of plain values: neuron by neuron, method by method."""
        return [label.row() for at in range(len(self)) for label in self.of(at).values()]

    def table(self) -> "pd.DataFrame":
        """Return the rows as a data frame; the runners-up are one text."""
        import pandas as pd

        return pd.DataFrame(
            [{**row, "runners_up": _said(row["runners_up"])} for row in self.rows()]
        )

    def _repr_html_(self) -> str:
        seen = f" on {self.images} images by {self.unit}" if self.images else ""
        body = "".join(
            f"<tr><td>{escape(one.neuron)}</td><td>{escape(one.method)}</td>"
            f"<td>{'no label' if one.term is None else f'<b>{escape(one.term)}</b>'}</td>"
            f"<td>{one.score:.3g}</td><td>{one.null_95:.3g}</td><td>{one.q_value:.3g}</td>"
            f"<td>{escape(_said(one.runners_up))}</td></tr>"
            for at in range(len(self))
            for one in self.of(at).values()
        )
        return (
            f"<table><caption>labels{seen}, out of {self.concepts:,} concepts; q is of chance's "
            f"best concept in {self.draws} draws</caption><thead><tr><th>neuron</th>"
            "<th>method</th><th>label</th><th>score</th><th>chance, 95 %</th><th>q</th>"
            f"<th>runners-up</th></tr></thead><tbody>{body}</tbody></table>"
        )


def ranked(
    scores: Float[Tensor, "neuron concept"], terms: Sequence[str]
) -> tuple[Float[np.ndarray, "neuron"], list[Candidates]]:
    """Return each neuron's best score, and its best concepts with theirs."""
    values, order = scores.cpu().double().sort(dim=1, descending=True, stable=True)
    best = [
        tuple((terms[index], value) for index, value in zip(row, found, strict=True))
        for row, found in zip(order[:, :SHOWN].tolist(), values[:, :SHOWN].tolist(), strict=True)
    ]
    return values[:, 0].numpy(), best


def judged(
    method: str,
    neurons: NeuronSet,
    candidates: Sequence[Candidates],
    scores: Float[np.ndarray, "neuron"],
    null: Float[np.ndarray, "draw #neuron"],
    *,
    silent: Sequence[bool] | None = None,
) -> tuple[Label, ...]:
    """Hold each neuron's best score against the best scores by chance.

    Both are the best over all concepts, so the choice among many is paid for. A `silent` neuron
    is no better than chance (p = 1), whatever its score.
    """
    null = np.broadcast_to(null, (len(null), len(neurons)))
    p_values = p_at_least(scores, null)
    if silent is not None:
        p_values = np.where(silent, 1.0, p_values)
    q_values = corrected(p_values)
    means, levels = null.mean(0), np.quantile(null, 0.95, axis=0)
    return tuple(
        Label(
            neuron=name,
            method=method,
            term=found[0][0] if found and q <= ALPHA else None,
            score=float(score),
            p_value=float(p),
            q_value=float(q),
            null_mean=float(mean),
            null_95=float(level),
            candidates=found,
        )
        for name, found, score, p, q, mean, level in zip(
            neurons.names, candidates, scores, p_values, q_values, means, levels, strict=True
        )
    )


def _said(candidates: Sequence[Sequence[Any]]) -> str:
    return ", ".join(f"{term} {value:.3g}" for term, value in candidates)
