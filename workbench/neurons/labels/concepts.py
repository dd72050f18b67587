"""Concepts: the terms of a vocabulary as directions in a model's joint space."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError, ModelError
from workbench.images.progress import progress
from workbench.neurons.labels.vocabulary import Vocabulary, vocabulary_for

TEMPLATES = ("{}", "a photo of {}")
_TEXTS = 256  # at once


@dataclass(frozen=True, eq=False)
class Concepts:
    """A vocabulary as a model reads it. Embed it once with `of` and pass it on.

    `directions` are unit rows; `scale` is what the model multiplies a cosine with before its
    softmax (CLIP's `logit_scale`, about 100 in OpenAI's models). `fingerprint` is the model's;
    empty, where the directions come from elsewhere.

    Raises `DataError` if there is not one direction per term, or one is not finite or zero.
    """

    vocabulary: Vocabulary
    directions: Float[Tensor, "concept d_embed"] = field(repr=False)
    scale: float
    fingerprint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if len(self.directions) != len(self.vocabulary):
            raise DataError(
                f"{len(self.directions)} directions for the {len(self.vocabulary)} terms of "
                f"{self.vocabulary.name}: give one each."
            )
        lengths = self.directions.norm(dim=-1)
        if not bool((lengths.isfinite() & (lengths > 0)).all()):
            raise DataError("a concept's direction is zero, NaN or infinite.")
        object.__setattr__(self, "directions", F.normalize(self.directions.float(), dim=-1))

    @classmethod
    @torch.no_grad()
    def of(
        cls,
        model: HookedCLIP,
        vocabulary: Vocabulary | None = None,
        *,
        templates: Sequence[str] = TEMPLATES,
    ) -> "Concepts":
        """Embed every term in every template: the mean of the unit embeddings, made unit again.

        Raises `ModelError` if the text tower gives NaN or infinity, or the model cannot read text.
        """
        words = vocabulary_for(model) if vocabulary is None else vocabulary
        texts = [template.format(term) for term in words.terms for template in templates]
        parts = [texts[at : at + _TEXTS] for at in range(0, len(texts), _TEXTS)]
        found = [
            F.normalize(model.encode_text(part).float(), dim=-1)
            for part in progress(
                parts, total=len(texts), what="reading concepts", unit="text", size=len
            )
        ]
        means = torch.cat(found).view(len(words), len(templates), -1).mean(1)
        if not bool(torch.isfinite(means).all()):
            raise ModelError(
                f"the text tower of {model.name} gives NaN or infinity. The weights are damaged, "
                "or the dtype overflows: load sound weights, or ask for dtype float32."
            )
        scale = float(cast(Tensor, model.clip.logit_scale).detach().float().exp())
        return cls(words, means, scale, model.fingerprint)

    def check(self, model: HookedCLIP) -> None:
        """Raise `ModelError` if another model embedded these concepts."""
        if self.fingerprint not in ("", model.fingerprint):
            raise ModelError(
                f"the concepts of {self.vocabulary.name} were embedded by another model than "
                f"{model.name}: embed them again, Concepts.of(model, concepts.vocabulary)."
            )

    def centred(self) -> Float[Tensor, "concept d_embed"]:
        """Return the directions less their mean, as unit rows.

        All texts share a direction (the two modalities lie in two cones); what tells one concept
        from another is what is left without it.
        """
        return F.normalize(self.directions - self.directions.mean(0), dim=-1)
