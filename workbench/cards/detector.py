"""What a neuron is to a detector: its shares, the detector without it, the worst misses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from workbench.cards.card import Miss, Silenced
from workbench.cards.watching import Truth
from workbench.clip.neuron_set import NeuronSet
from workbench.evaluation.evaluate import threshold_of
from workbench.evaluation.image_metrics import image_auroc
from workbench.evaluation.interventions import labelled_effects
from workbench.evaluation.measure import Measure
from workbench.excavation.detector import Excavation
from workbench.excavation.features import walk
from workbench.images.samples import Sample
from workbench.images.stream import pictures
from workbench.neurons.intervention.changes import to_mean
from workbench.neurons.intervention.effects import effects
from workbench.neurons.intervention.normals import Normals

MAP_SIDE = 320
"""Pixels along the longer side of a missed picture."""


@dataclass(frozen=True, eq=False)
class Judged:
    """The test images, judged: their scores, and the selected neurons' parts of the peaks.

    `parts` are shares of the visual score at an image's peak, summing to 1; NaN where it is 0.
    """

    scores: Float[np.ndarray, "image"]
    anomalous: Bool[np.ndarray, "image"]
    parts: Float[np.ndarray, "image neuron"]

    @classmethod
    def by(cls, excavation: Excavation, tests: Sequence[Sample], batch_size: int) -> "Judged":
        """Judge the test images."""
        scores, parts = [], []
        for found in excavation.score(tests, batch_size=batch_size):
            shares, whole = found.shares(*found.peak), float(found.visual[found.peak])
            scores.append(found.score)
            parts.append(shares / whole if whole > 0 else np.full(len(shares), np.nan))
        return cls(
            np.array(scores), np.array([sample.label == 1 for sample in tests]), np.array(parts)
        )

    def carried(self) -> Float[np.ndarray, "neuron"]:
        """Return each selected neuron's mean part of the anomalous images' visual scores."""
        parts = self.parts[self.anomalous]
        defined = parts[np.isfinite(parts).all(1)]
        if not len(defined):
            return np.full(self.parts.shape[1], np.nan)
        means: Float[np.ndarray, neuron] = defined.mean(0)
        return means


def alone(
    ends: Float[Tensor, "image 2 neuron"],
    neurons: NeuronSet,
    normals: Normals,
    labels: Sequence[int],
    seed: int,
) -> list[Measure]:
    """Return how well each neuron by itself tells anomalous images from normal ones.

    An image's score is the neuron's largest distance from its normal mean over the patches.
    """
    centre = normals.of(neurons, normals.mean)
    scores = (ends - centre).abs().amax(1).double().numpy()
    return [image_auroc(labels, each, seed=seed) for each in scores.T]


def silencing(
    excavation: Excavation,
    tests: Sequence[Sample],
    neurons: NeuronSet,
    normals: Normals,
    most: int,
    seed: int,
) -> list[Silenced]:
    """Return what holding each neuron at its normal mean does to at most `most` images' scores."""
    some = balanced(tests, most, seed)
    changes = [to_mean(neurons[at : at + 1], normals) for at in range(len(neurons))]
    table = effects(excavation, some, changes)
    found = labelled_effects(table, [int(sample.label == 1) for sample in some], seed=seed)
    return [
        Silenced(len(some), normal, anomalous, auroc)
        for normal, anomalous, auroc in zip(found.normal, found.anomalous, found.auroc, strict=True)
    ]


def misses(
    excavation: Excavation,
    judged: Judged,
    tests: Sequence[Sample],
    neurons: NeuronSet,
    normals: Normals,
    most: int,
) -> list[tuple[Miss, ...]]:
    """Return, by neuron, what it does on the anomalous images that score lowest.

    Misses are below the threshold that the support gives.
    """
    below = judged.anomalous & (judged.scores < threshold_of(excavation).value)
    worst = sorted(
        np.flatnonzero(below).tolist(), key=lambda at: (judged.scores[at], tests[at].name)
    )[:most]
    missed = [tests[at] for at in worst]
    found: list[list[Miss]] = [[] for _ in neurons.indices]
    if not missed:
        return [() for _ in found]
    grid = excavation.model.grid
    columns = list(neurons.indices)
    centre = normals.of(neurons, normals.mean)
    spread = normals.of(neurons, normals.variance).sqrt()
    spread[spread == 0] = torch.nan  # it has no normal deviation to be measured in
    start = 0
    for shown, seen in walk(excavation.model, pictures(missed), [neurons.site]):
        far = seen[neurons.site][..., columns].float().cpu() - centre
        for each, size, picture in zip(far, shown.sizes, shown.pictures, strict=True):
            sample, score = missed[start], float(judged.scores[worst[start]])
            start += 1
            truth = Truth.of(sample, size, grid)
            image = picture.open()
            image.thumbnail((MAP_SIDE, MAP_SIDE))
            for at, values in enumerate(each.T):
                peak = int(values.abs().argmax())
                found[at].append(
                    Miss(
                        image=sample.name,
                        defect=sample.defect,
                        score=score,
                        row=peak // grid[1],
                        column=peak % grid[1],
                        touches=None if truth.touched is None else bool(truth.touched[peak]),
                        deviation=(values / spread[at]).view(grid).numpy(),
                        picture=image,
                    )
                )
    return [tuple(each) for each in found]


def balanced(tests: Sequence[Sample], most: int, seed: int) -> list[Sample]:
    """Return at most `most` images in their order, as evenly of both labels as there are."""
    rng = np.random.default_rng(seed)
    kinds = [[at for at, s in enumerate(tests) if (s.label == 1) is kind] for kind in (False, True)]
    room = [min(len(kind), most // 2) for kind in kinds]
    for this, other in ((0, 1), (1, 0)):
        room[this] = min(len(kinds[this]), most - room[other])
    chosen = [
        at
        for kind, count in zip(kinds, room, strict=True)
        for at in rng.permutation(kind)[:count].tolist()
    ]
    return [tests[at] for at in sorted(chosen)]
