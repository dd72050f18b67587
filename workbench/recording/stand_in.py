"""What a store knows of the model it was recorded with; enough where activations are at hand."""

from typing import TYPE_CHECKING, Any, cast

import torch

from workbench.clip.sites import refuse, select_sites, site_names
from workbench.errors import SiteError
from workbench.recording.lookup import check_site
from workbench.recording.plan import Plan

if TYPE_CHECKING:
    from workbench.clip.tree import TowerConfig


class ModelFacts:
    """Read-only properties of a `HookedCLIP`, from the plan of a recording made with it."""

    facts: Plan

    @property
    def name(self) -> str:
        """What the model is called in results."""
        return str(self.facts.model["name"])

    @property
    def source(self) -> str:
        """Where the weights came from."""
        return str(self.facts.model["source"])

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the model's weights."""
        return str(self.facts.model["fingerprint"])

    @property
    def n_layers(self) -> int:
        """Number of blocks."""
        return int(self.facts.model["n_layers"])

    @property
    def n_heads(self) -> int:
        """Attention heads per block."""
        return int(self.facts.model["n_heads"])

    @property
    def d_model(self) -> int:
        """Channels of the residual stream."""
        return int(self.facts.model["d_model"])

    @property
    def d_head(self) -> int:
        """Channels of one attention head."""
        return int(self.facts.model["d_head"])

    @property
    def d_mlp(self) -> int:
        """Hidden units of one MLP."""
        return int(self.facts.model["d_mlp"])

    @property
    def activation(self) -> str:
        """The MLP's activation function: `gelu` or `quickgelu`."""
        return str(self.facts.model["act_fn"])

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.facts.grid

    @property
    def patch_size(self) -> tuple[int, int]:
        """Height and width of a patch, in pixels."""
        return _pair(self.facts.model["patch_size"])

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the model's input, in pixels."""
        return _pair(self.facts.preprocessing["image_size"])

    @property
    def mean(self) -> tuple[float, float, float]:
        """The colours' means that pictures are standardised with."""
        return cast(tuple[float, float, float], tuple(self.facts.preprocessing["mean"]))

    @property
    def std(self) -> tuple[float, float, float]:
        """The colours' deviations that pictures are standardised with."""
        return cast(tuple[float, float, float], tuple(self.facts.preprocessing["std"]))

    @property
    def dtype(self) -> torch.dtype:
        """The number format the model computed in; not that of the activations on disk."""
        return cast(torch.dtype, getattr(torch, self.facts.model["dtype"]))

    @property
    def device(self) -> torch.device:
        """Where the activations are when they were read: the CPU."""
        return torch.device("cpu")

    @property
    def cfg(self) -> "TowerConfig":
        """What TransformerLens's helpers ask a model's `cfg` for."""
        from workbench.clip.tree import TowerConfig

        sizes = ("n_layers", "n_heads", "d_model", "d_head", "d_mlp", "act_fn", "eps")
        return TowerConfig(
            model_name=self.name,
            n_ctx=self.facts.tokens_per_image,
            **cast(dict[str, Any], {name: self.facts.model[name] for name in sizes}),
        )

    @property
    def sites(self) -> tuple[str, ...]:
        """The recorded sites, in forward order."""
        return self.facts.sites

    def select(self, names: Any = None) -> list[str]:
        """Return the recorded sites that a name, glob or list picks (`SiteError` if none)."""
        try:
            return select_sites(names, self.sites)
        except SiteError:
            raise SiteError(
                f"{names} picks none of the recorded sites, which are {', '.join(self.sites)}."
            ) from None

    def check_site(self, site: str) -> None:
        """Raise `SiteError` unless the model has this site, whether it was recorded or not."""
        known = site_names(self.n_layers)
        if site not in known:
            refuse(site, known)

    def site_width(self, site: str) -> int:
        """Return how many neurons a recorded site has; `SiteError`, naming those, for others."""
        return self.facts.widths[check_site(site, self.sites)]


def _pair(given: Any) -> tuple[int, int]:
    first, second = given
    return int(first), int(second)
