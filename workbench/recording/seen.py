"""What one batch of pictures shows at one site; every product of a recording is fed with it."""

from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Seen:
    """The activations of some pictures at one site.

    `images` are the pictures' indices in the image list, ascending. `tokens` is as the model
    computed it (its device, its number format), CLS first, heads laid side by side.
    """

    site: str
    images: tuple[int, ...]
    tokens: Float[Tensor, "image token neuron"]

    @property
    def patches(self) -> Float[Tensor, "image patch neuron"]:
        """The tokens without CLS, row by row over the grid."""
        return self.tokens[:, 1:]

    @cached_property
    def highest(self) -> Float[Tensor, "image neuron"]:
        """The largest value over the patches of each picture; computed once for all products."""
        return self.patches.amax(1)

    @cached_property
    def lowest(self) -> Float[Tensor, "image neuron"]:
        """The smallest value over the patches of each picture."""
        return self.patches.amin(1)
