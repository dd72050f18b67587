"""The text branch: whether a patch, seen at a deep layer, speaks of something anomalous."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.hooked import HookedCLIP
from workbench.clip.prompts import PromptEnsemble, text_directions
from workbench.errors import SettingError
from workbench.excavation.features import Tower


@dataclass(frozen=True)
class TextBranch:
    """A normal and an anomalous direction in the joint space, as unit rows, and a temperature.

    A patch's score is the log odds of the anomalous prompts against the normal ones. The
    probability is their sigmoid, and fusion adds that; the log odds rank patches in the same
    order, and keep apart what as a probability is 1.0 in single precision.

    That a deeper patch token is compared with normal and anomalous prompts is reported; the
    projection by the tower's own final LayerNorm and matrix, the temperature and the prompts are
    chosen. Last-layer CLIP patches can be mis-aligned with text, even anti-aligned, so results
    report this branch alone too.
    """

    directions: Float[Tensor, "2 d_embed"]
    temperature: float

    @classmethod
    def of(cls, model: Tower, prompts: PromptEnsemble, temperature: float) -> "TextBranch":
        """Embed the prompts. Raises `SettingError` for a store, which has no text tower."""
        with torch.no_grad():
            return cls(text_directions(_with_text(model), prompts).float(), temperature)

    def log_odds(self, embeddings: Float[Tensor, "*shape d_embed"]) -> Float[Tensor, "*shape"]:
        """Return the log odds of embeddings, of any length, in the joint space."""
        units = F.normalize(embeddings.float(), dim=-1)
        normal, anomalous = (units @ self.directions.to(units.device).float().T).unbind(-1)
        return (anomalous - normal) / self.temperature

    def scores(
        self, model: Tower, patches: Float[Tensor, "image patch d_model"]
    ) -> Float[Tensor, "image patch"]:
        """Return the log odds, per patch, of the anomalous prompts against the normal ones.

        Raises `SettingError` for a store, which has no projection.
        """
        with torch.no_grad():
            return self.log_odds(_with_text(model).project(patches))


def _with_text(model: Tower) -> HookedCLIP:
    if isinstance(model, HookedCLIP):
        return model
    raise SettingError(
        "a store holds image activations only, so the text branch needs the model: take "
        f"text_weight=0, or {model.name} instead of the store."
    )
