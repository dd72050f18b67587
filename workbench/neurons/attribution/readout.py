"""The end of the tower, frozen: from the residual stream to a similarity, as a linear map.

With r the residual stream that enters the final LayerNorm (gain g, bias b), s its standard
deviation, P the projection, z the embedding, t the direction in the joint space and u = g (P t),

    z.t / |z|  =  sum over channels d of  r_d (u_d - mean u) / (s |z|)  +  b.P t / |z|

(taking the mean off r is the same as taking it off u). Once s and |z| are frozen at what they are,
whatever is a summand of r has its own part of the sum.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.hooked import HookedCLIP


@dataclass(frozen=True, eq=False)
class FrozenReadout:
    """`pull`: what a unit in each channel adds to the similarity. `shift`: what the bias adds."""

    pull: Float[Tensor, "*token d_model"]
    shift: Float[Tensor, "*token"]

    @classmethod
    @torch.no_grad()
    def of(
        cls,
        model: HookedCLIP,
        stream: Float[Tensor, "*token d_model"],
        towards: Float[Tensor, "d_embed"],
    ) -> "FrozenReadout":
        """Freeze the end of the tower at a residual stream, in its number format and place."""
        norm, projection = model.visual.ln_post, model.visual.proj.to(stream)
        gain, bias = (
            None if part is None else part.to(stream) for part in (norm.weight, norm.bias)
        )
        towards = towards.to(stream)
        scale = (stream.var(dim=-1, correction=0) + norm.eps).sqrt()
        normed = F.layer_norm(stream, stream.shape[-1:], gain, bias, norm.eps)
        length = (normed @ projection).norm(dim=-1)
        shift = torch.zeros_like(length)
        if bias is not None:
            shift = (bias @ (projection @ towards)) / length
        return cls(centred_pull(model, towards) / (scale * length)[..., None], shift)


def centred_pull(
    model: HookedCLIP, towards: Float[Tensor, "*text d_embed"]
) -> Float[Tensor, "*text d_model"]:
    """Return u - mean u of the formula above: the pull before s and |z| are divided out.

    In the number format and place of `towards`.
    """
    gain = model.visual.ln_post.weight
    pulled = towards @ model.visual.proj.to(towards).T
    gained: Tensor = pulled if gain is None else gain.to(towards) * pulled
    return gained - gained.mean(-1, keepdim=True)
