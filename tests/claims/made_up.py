"""Evidence that nobody measured: scores with a wished-for separation."""

import numpy as np
from scipy.stats import norm

from workbench.claims.evidence import Evidence

PLACES = (("made", "bolts"), ("made", "nuts"))


def evidence(auroc, draws=1, seeds=3, images=60, noise=0.25, tag=0, places=PLACES, between=0.0):
    """Scores whose AUROC is about `auroc`: all arms share the images' difficulty, so are paired.

    `noise` is an arm's own part; `between` how far the seeds are apart.
    """
    labels, scores = {}, {}
    for number, place in enumerate(places):
        labels[place] = np.repeat([0, 1], images)
        shared = np.random.default_rng([1, number]).normal(0, 1, 2 * images)
        for seed in range(seeds):
            own = np.random.default_rng([2, number, seed, tag]).normal(0, 1, (draws, 2 * images))
            mixed = np.sqrt(1 - noise**2) * shared + noise * own
            shift = np.sqrt(2) * norm.ppf(auroc) + between * (seed - (seeds - 1) / 2)
            scores[place, seed] = mixed + shift * labels[place]
    return Evidence(labels, scores)
