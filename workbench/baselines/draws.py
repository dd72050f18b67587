"""Random numbers of a method: decided by a seed and a draw, independent between them."""

import numpy as np
import torch


def generator(seed: int, draw: int = 0) -> torch.Generator:
    """Return the stream of a seed and a draw, on the CPU, the same on every machine."""
    state = np.random.SeedSequence([seed, draw]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))
