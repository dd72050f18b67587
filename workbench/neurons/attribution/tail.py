"""The tower from a site on: the target as a function of what is at the site."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.sites import EMBEDDING_SITES, layer_of
from workbench.errors import SettingError
from workbench.neurons.attribution.targets import Target


@dataclass(frozen=True, eq=False)
class Tail:
    """A target seen from a site: what runs before the site is computed once and kept fixed.

    Raises `SiteError` for an unknown site, `SettingError` for a target that reads a site before
    this one: no change here would reach it.
    """

    model: HookedCLIP
    site: str
    target: Target

    def __post_init__(self) -> None:
        self.model.check_site(self.site)
        order = self.model.sites.index
        for read in self.target.sites:
            if order(read) < order(self.site):
                raise SettingError(
                    f"the {self.target.name} reads {read}, which comes before {self.site}, so "
                    "nothing there can drive it. Choose a site no later than what it reads, or "
                    "for an anomaly score one branch alone."
                )

    @property
    def layer(self) -> int | None:
        """The block the forward resumes before; `None` from the pixels."""
        if self.site in EMBEDDING_SITES:
            return None
        layer = layer_of(self.site)
        return self.model.n_layers if layer is None else layer

    @torch.no_grad()
    def entering(self, pixels: Float[Tensor, "image 3 height width"]) -> Tensor:
        """Return what enters the block of the site: its residual stream, or the pixels."""
        return pixels if self.layer is None else self.model(pixels, stop_at_layer=self.layer)

    @torch.no_grad()
    def here(self, entering: Tensor) -> Tensor:
        """Return the activation at the site."""
        return self.model.activations(entering, self.site, start_at_layer=self.layer)[self.site]

    def __call__(self, entering: Tensor, values: Tensor) -> Float[Tensor, "image"]:
        """Return the target with `values` in place of the activation at the site."""
        with self.model.hooks([(self.site, lambda _value, hook: values)]):  # noqa: ARG005
            found = self.model.activations(entering, self.target.sites, start_at_layer=self.layer)
        return self.target(found)

    def watched(
        self, entering: Tensor, sites: Sequence[str]
    ) -> tuple[Float[Tensor, "image"], dict[str, Tensor]]:
        """Return the target and the activations at more sites, all of one autograd graph."""
        names = [*self.target.sites, *sites]
        found = self.model.activations(entering, names, start_at_layer=self.layer)
        return self.target(found), found
