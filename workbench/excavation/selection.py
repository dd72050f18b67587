"""Selection: which neurons are kept, and the controls that a selection is compared with."""

import numpy as np
from jaxtyping import Float

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError


def select(
    sensitivity: Float[np.ndarray, "neuron"],
    site: str,
    k: int,
    selection: str = "top",
    seed: int = 0,
    draw: int = 0,
) -> NeuronSet:
    """Return the neurons of a site that a rule picks.

    `top` takes the `k` most sensitive (stated; of equals the lower index comes first), `bottom`
    the `k` least, `random` any `k` (the set depends on `seed` and `draw` alone), `all` every one,
    most sensitive first.

    >>> select(np.array([0.1, 0.7, 0.7, 0.3]), "hook_embed", 2).indices
    (1, 2)

    Raises `SettingError` if there are not `k` neurons or the rule is unknown.
    """
    width = len(sensitivity)
    if selection != "all" and not 1 <= k <= width:
        raise SettingError(f"k is {k}, but {site} has {width} neurons; choose 1 to {width}.")
    if selection == "top":
        order = np.argsort(-sensitivity, kind="stable")[:k]
    elif selection == "bottom":
        order = np.argsort(sensitivity, kind="stable")[:k]
    elif selection == "random":
        order = np.random.default_rng([seed, draw]).choice(width, k, replace=False)
    elif selection == "all":
        order = np.argsort(-sensitivity, kind="stable")
    else:
        raise SettingError(f"no selection {selection!r}: there are top, bottom, random, all")
    return NeuronSet(site, tuple(int(index) for index in order))
