"""Windows of patches: each passes the tower alone with CLS, as if it were the whole picture.

The recipe is WinCLIP's (Jeong et al., CVPR 2023): windows of 2 x 2 and 3 x 3 patches at every place
of the grid. A window's tokens keep their positions. What it costs: a window of n patches is n + 1
tokens through all blocks, so 14 x 14 patches become (169 * 5 + 144 * 10) / 197 = 11.6 times the
tokens of a plain forward.
"""

from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from workbench.clip.hooked import HookedCLIP

SIDES = (2, 3)
_TOKENS = 8192  # through the tower at once, so that memory does not grow with windows or images


def window_sides(grid: tuple[int, int]) -> tuple[int, ...]:
    """Return the sides of the windows, in patches, that fit into a grid (at least one of 1)."""
    return tuple(side for side in SIDES if side <= min(grid)) or (1,)


@lru_cache(maxsize=32)
def window_patches(grid: tuple[int, int], side: int) -> Int[Tensor, "window patch"]:
    """Return which patches each window of a side covers, windows row by row.

    >>> window_patches((2, 3), 2).tolist()
    [[0, 1, 3, 4], [1, 2, 4, 5]]
    """
    patches = torch.arange(grid[0] * grid[1]).view(grid)
    windows = patches.unfold(0, side, 1).unfold(1, side, 1)
    return windows.reshape(-1, side * side)


def window_count(grid: tuple[int, int]) -> int:
    """Return how many windows there are of all sides together."""
    return sum(len(window_patches(grid, side)) for side in window_sides(grid))


@torch.no_grad()
def embed_windows(
    model: HookedCLIP, tokens: Float[Tensor, "image token d_model"]
) -> Float[Tensor, "image window d_embed"]:
    """Return the embedding of every window, side after side, from what enters block 0."""
    visual = model.visual
    cls, patches = tokens[:, :1], tokens[:, 1:]
    parts = []
    for side in window_sides(model.grid):
        index = window_patches(model.grid, side).to(tokens.device)
        windows, cells = index.shape
        most = max(1, _TOKENS // (cells + 1))
        # Image and window as one row each: a chunk may begin in the midst of an image.
        rows = torch.arange(len(tokens) * windows, device=tokens.device)
        embedded = []
        for chunk in rows.split(most):
            image, window = chunk // windows, chunk % windows
            inside = patches[image[:, None], index[window]]
            through = visual.transformer(torch.cat([cls[image], inside], dim=1))
            pooled, _ = visual._pool(through)
            embedded.append(pooled @ visual.proj)
        parts.append(torch.cat(embedded).view(len(tokens), windows, -1))
    return torch.cat(parts, dim=1)


def by_side(
    values: Float[Tensor, "image window *rest"], grid: tuple[int, int]
) -> list[tuple[int, Tensor]]:
    """Return each side with its windows' values, apart again."""
    sides = window_sides(grid)
    numbers = [len(window_patches(grid, side)) for side in sides]
    return list(zip(sides, values.split(numbers, dim=1), strict=True))


def harmonic_map(
    scores: Float[Tensor, "image window"], grid: tuple[int, int], side: int
) -> Float[Tensor, "image patch"]:
    """Return for every patch the harmonic mean of the windows that cover it (WinCLIP, section 4.2).

    Low scores count most: one window that looks normal calms the patches below it.
    """
    return 1 / covering_mean(1 / scores.clamp(min=torch.finfo(scores.dtype).tiny), grid, side)


def covering_mean(
    values: Float[Tensor, "image window"], grid: tuple[int, int], side: int
) -> Float[Tensor, "image patch"]:
    """Return for every patch the mean over the windows that cover it."""
    covers = _covers(grid, side).to(values)
    return (values @ covers) / covers.sum(0)


@lru_cache(maxsize=32)
def _covers(grid: tuple[int, int], side: int) -> Float[Tensor, "window patch"]:
    """Return 1 where a window covers a patch and 0 elsewhere.

    Summing by a matrix product has a fixed order on every device; scattering has not.
    """
    index = window_patches(grid, side)
    return torch.zeros(len(index), grid[0] * grid[1]).scatter_(1, index, 1.0)
