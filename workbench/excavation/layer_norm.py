"""LayerNorm before anything else, to ask whether variance only finds the loud channels."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

EPS = 1e-5


def normed(
    patches: Float[Tensor, "*patch neuron"], layer_norm: bool = True
) -> Float[Tensor, "*patch neuron"]:
    """Return each patch's channels with mean 0 and variance 1, in single precision.

    No gain and no bias: those of the tower belong to what comes after the site. Without
    `layer_norm` the patches are returned as they are.

    >>> import torch
    >>> normed(torch.tensor([[1.0, 3.0]])).round().tolist()
    [[-1.0, 1.0]]
    """
    return F.layer_norm(patches.float(), patches.shape[-1:], eps=EPS) if layer_norm else patches
