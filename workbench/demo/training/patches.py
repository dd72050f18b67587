"""Single patches in training: which of them the tower sees, and what is true of each."""

from threading import local

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.world.drawing import Drawn

UNSURE = -1
WINDOW = 6  # patches along the side of the region around a picture's spot that is always seen
MARKED, BARELY = 0.1, 0.015  # share of a patch that is damaged for sure, and not at all


class KeptPatches(torch.nn.Module):
    """Lets only some patch tokens into the tower, where `kept` says which (as FLIP does).

    It stands where open_clip's towers have their patch dropout. Each thread has its own `kept`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._of_thread = local()

    @property
    def kept(self) -> Int[Tensor, "image patch"] | None:
        """The numbers of the patches that are let in, all if None."""
        return getattr(self._of_thread, "kept", None)

    @kept.setter
    def kept(self, kept: Int[Tensor, "image patch"] | None) -> None:
        self._of_thread.kept = kept

    def forward(self, x: Float[Tensor, "image token width"]) -> Float[Tensor, "image some width"]:
        """Return the CLS token and the patches kept, in the order of `kept`."""
        if self.kept is None:
            return x
        index = self.kept[..., None].expand(-1, -1, x.shape[-1])
        return torch.cat([x[:, :1], x[:, 1:].gather(1, index)], dim=1)


def choose(
    spots: Float[Tensor, "image 2"], grid: int, count: int, generator: torch.Generator
) -> Int[Tensor, "image patch"]:
    """Return which patches to keep: a region about each picture's spot, and others at random.

    Flawless pictures have a spot too, so that where the patches lie closely says nothing.
    """
    images = len(spots)
    side = min(WINDOW, grid)
    jitter = torch.randint(-1, 2, (images, 2), generator=generator)
    corner = ((spots.cpu() * grid).long() - side // 2 + jitter).clamp(0, grid - side)
    line = torch.arange(grid)
    inside = (line >= corner[..., None]) & (line < corner[..., None] + side)
    window = inside[:, 0, :, None] & inside[:, 1, None, :]
    order = torch.rand(images, grid * grid, generator=generator) + window.flatten(1)
    return order.topk(count, dim=1).indices.to(spots.device)


def states(drawn: Drawn, patch: int) -> Int[Tensor, "image row column"]:
    """Return for each patch whether it is damaged (1), flawless (0), or neither for sure (-1)."""
    share = F.avg_pool2d(drawn.damage[:, None], patch)[:, 0]
    state = torch.full_like(share, UNSURE, dtype=torch.int8)
    state[share > MARKED] = 1
    state[share < BARELY] = 0
    return state


def owners(drawn: Drawn, patch: int) -> Int[Tensor, "image row column"]:
    """Return for each patch whether it shows the product (1), its ground (0), or both (-1)."""
    share = F.avg_pool2d(drawn.product[:, None], patch)[:, 0]
    owner = torch.full_like(share, UNSURE, dtype=torch.int8)
    owner[share > 0.7] = 1
    owner[share < 0.05] = 0
    return owner
