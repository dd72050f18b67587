"""Targets: the numbers that are attributed, one per image, each a function of activations.

A target names the sites it reads and computes its value from what is there, differentiably.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.excavation.detection import BRANCHES
from workbench.excavation.detector import Excavation, needed_sites

Patch = tuple[int, int] | None
"""Row and column of a patch, counted from 0; `None` for the whole image."""


@runtime_checkable
class Target(Protocol):
    """One number per image. `name` is what results call it, `sites` what it reads."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def sites(self) -> tuple[str, ...]: ...  # noqa: D102

    def __call__(self, activations: Mapping[str, Tensor]) -> Float[Tensor, "image"]:
        """Return the values, from activations `[image, ...]` at `sites` as the model gives them."""
        ...


@dataclass(frozen=True, eq=False)
class TextSimilarity:
    """The cosine with a text or, with `against`, that cosine less the one with another text.

    Of the image embedding, or of one patch of the last layer taken through the final LayerNorm
    and the projection. `towards` is the text's unit direction, or the difference of two.
    Made by `TextSimilarity.of`.
    """

    model: HookedCLIP = field(repr=False)
    name: str
    towards: Float[Tensor, "d_embed"] = field(repr=False)
    patch: Patch = None

    @classmethod
    def of(
        cls, model: HookedCLIP, text: str, against: str | None = None, patch: Patch = None
    ) -> "TextSimilarity":
        """Embed one text or two. Raises `SettingError` for a patch outside the grid."""
        token_of(model, patch)
        texts = [text] if against is None else [text, against]
        with torch.no_grad():
            units = F.normalize(model.encode_text(texts), dim=-1)
        towards = units[0] if against is None else units[0] - units[1]
        versus = "" if against is None else f" less {against!r}"
        return cls(model, f"similarity to {text!r}{versus}{_place(patch)}", towards, patch)

    @property
    def sites(self) -> tuple[str, ...]:
        """The image embedding, or the last residual stream for a patch."""
        if self.patch is None:
            return ("hook_image_embed",)
        return (f"blocks.{self.model.n_layers - 1}.hook_resid_post",)

    def __call__(self, activations: Mapping[str, Tensor]) -> Float[Tensor, "image"]:
        """Return the cosine, or the difference of two."""
        (site,) = self.sites
        embedded = activations[site]
        if self.patch is not None:
            token = token_of(self.model, self.patch)
            embedded = self.model.project(embedded[:, token : token + 1])[:, 0]
        return F.normalize(embedded, dim=-1) @ self.towards


@dataclass(frozen=True, eq=False)
class NeuronActivation:
    """One neuron's activation at a patch, or its mean over the patches of the image.

    Raises `SettingError` for a set of other than one neuron, one that the site does not have, or a
    patch outside the grid; `SiteError` for a site without neurons per patch.
    """

    model: HookedCLIP = field(repr=False)
    neuron: NeuronSet
    patch: Patch = None

    def __post_init__(self) -> None:
        if len(self.neuron) != 1:
            raise SettingError(f"a target is one neuron, not {len(self.neuron)}: take one of them.")
        width = self.model.site_width(self.neuron.site)
        if self.neuron[0] >= width:
            raise SettingError(
                f"no neuron {self.neuron.names[0]}: the site has {width}, counted from 0."
            )
        token_of(self.model, self.patch)

    @property
    def name(self) -> str:
        """The neuron and the place."""
        return f"{self.neuron.names[0]}{_place(self.patch) or ', mean over patches'}"

    @property
    def sites(self) -> tuple[str, ...]:
        """The neuron's own."""
        return (self.neuron.site,)

    def __call__(self, activations: Mapping[str, Tensor]) -> Float[Tensor, "image"]:
        """Return the activation."""
        values = activations[self.neuron.site].flatten(2)[:, 1:, self.neuron[0]]
        if self.patch is None:
            return values.mean(1)
        return values[:, token_of(self.model, self.patch) - 1]


@dataclass(frozen=True, eq=False)
class AnomalyScore:
    """An excavation's raw score at a patch, or of the image: the largest over its patches.

    `branch` is `fused`, `visual` or `text`. Which gallery patch is nearest is found anew for the
    activations at hand, so the score has kinks, and an integral over it needs many more steps than
    the default (look at its completeness error); `gallery_shares` splits it exactly.

    Raises `SettingError` for an excavation from a store (nothing can be computed anew there), a
    branch it lacks, or a patch outside the grid.
    """

    excavation: Excavation
    patch: Patch = None
    branch: str = "fused"

    def __post_init__(self) -> None:
        if not isinstance(self.excavation.model, HookedCLIP):
            raise SettingError(
                f"{self.excavation.model.name} is a store, and gradients need the model: load the "
                "excavation with the model it was recorded with."
            )
        if self.branch not in BRANCHES:
            raise SettingError(f"no branch {self.branch!r}: there are {', '.join(BRANCHES)}")
        if self.branch == "text" and self.excavation.text is None:
            raise SettingError("there is no text score: text_weight is 0.")
        token_of(self.excavation.model, self.patch)

    @property
    def name(self) -> str:
        """The branch and the place."""
        return f"{self.branch} anomaly score{_place(self.patch) or ' of the image'}"

    @property
    def sites(self) -> tuple[str, ...]:
        """The excavation's site, the text site, or both."""
        site, text_site = self.excavation.settings.places
        if self.branch == "fused":
            return tuple(needed_sites(self.excavation.settings))
        return (site if self.branch == "visual" else text_site,)

    def __call__(self, activations: Mapping[str, Tensor]) -> Float[Tensor, "image"]:
        """Return the scores."""
        scores = self._patches(activations)
        if self.patch is None:
            return scores.amax(1)
        assert isinstance(self.excavation.model, HookedCLIP)
        return scores[:, token_of(self.excavation.model, self.patch) - 1]

    def _patches(self, activations: Mapping[str, Tensor]) -> Float[Tensor, "image patch"]:
        site, text_site = self.excavation.settings.places
        uses_text = self.branch != "visual" and self.excavation.text is not None
        text = self._text(activations[text_site]) if uses_text else None
        if self.branch == "text":
            assert text is not None
            return text
        visual = self._visual(activations[site])
        return visual if self.branch == "visual" else self.excavation.fusion()(visual, text)

    def _visual(self, tokens: Tensor) -> Float[Tensor, "image patch"]:
        rows = self.excavation.selected(tokens[:, 1:].flatten(2))
        flat, normality = rows.flatten(0, 1), self.excavation.normality
        with torch.no_grad():
            nearest = normality.judge(flat).nearest
        return normality.shares(flat, nearest).sum(1).view(rows.shape[:2])

    def _text(self, tokens: Tensor) -> Float[Tensor, "image patch"]:
        model, text = self.excavation.model, self.excavation.text
        assert isinstance(model, HookedCLIP)
        assert text is not None
        return text.log_odds(model.project(tokens[:, 1:]))


def token_of(model: HookedCLIP, patch: Patch) -> int:
    """Return the token of a patch (0, CLS, for none). Raises `SettingError` outside the grid."""
    if patch is None:
        return 0
    (row, column), (rows, columns) = patch, model.grid
    if not (0 <= row < rows and 0 <= column < columns):
        raise SettingError(
            f"no patch at row {row}, column {column}: the grid has {rows} rows and {columns} "
            "columns, counted from 0."
        )
    return 1 + row * columns + column


def _place(patch: Patch) -> str:
    return "" if patch is None else f" at patch {patch[0]}, {patch[1]}"
