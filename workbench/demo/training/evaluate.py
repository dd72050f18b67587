"""What a demo CLIP knows of pictures and captions that it never saw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.training.patches import UNSURE, states
from workbench.demo.training.recipe import MEAN, STD
from workbench.demo.world.attributes import FORMS, QUESTIONS, Question
from workbench.demo.world.captions import DAMAGED, FLAWLESS, TEMPLATES, caption_of
from workbench.demo.world.drawing import draw
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.scene import Part, Scene

Tokenizer = Callable[[list[str]], Tensor]
Figures = dict[str, dict[str, float]]
ROUND = 128  # pictures that a caption is looked for among
PARTS: dict[Part, str] = {
    "training": "the world of the training",
    "combinations": "pairs of words that training never showed together",
    "materials": "materials that training never showed",
    "damage": "kinds of damage that training never showed",
}


@dataclass(frozen=True)
class Shown:
    """Held-out pictures as a model sees them, and what is true of them."""

    scenes: list[Scene]
    texts: Float[Tensor, "image unit"]
    wholes: Float[Tensor, "image unit"]
    patches: Float[Tensor, "image patch unit"]
    states: Tensor  # [image, patch] of `patches.states`


def to_tensor(images: Tensor) -> Float[Tensor, "image 3 row column"]:
    """Return 8-bit pictures [image, 3, row, column] as the towers take them."""
    mean, std = (torch.tensor(v, device=images.device)[:, None, None] for v in (MEAN, STD))
    return (images.float() / 255 - mean) / std


@torch.no_grad()
def embed_texts(clip: Any, tokenizer: Tokenizer, texts: list[str]) -> Float[Tensor, "text unit"]:
    """Return the unit text embeddings."""
    device = clip.logit_scale.device
    parts = [texts[first : first + 256] for first in range(0, len(texts), 256)]
    found = [clip.encode_text(tokenizer(part).to(device)).float() for part in parts]
    return F.normalize(torch.cat(found), dim=-1).cpu()


@torch.no_grad()
def show(
    clip: Any, tokenizer: Tokenizer, *, seed: int, part: Part, pictures: int, size: int, patch: int
) -> Shown:
    """Return what the model makes of held-out pictures; of each pair of twins one is taken."""
    device = clip.logit_scale.device
    kept: list[Shown] = []
    last = len(clip.visual.transformer.resblocks) - 1
    for first in range(0, pictures, 32):
        numbers = [2 * k + k % 2 for k in range(first, min(first + 32, pictures))]
        drawn = draw(seed, numbers, size, part=part, device=device)
        captions = [
            caption_of(seed, number, scene)
            for number, scene in zip(numbers, drawn.scenes, strict=True)
        ]
        with torch.autocast(device.type, torch.bfloat16):
            seen = clip.visual.forward_intermediates(
                to_tensor(drawn.images), indices=[last], output_fmt="NLC"
            )
            tokens = clip.visual.ln_post(seen["image_intermediates"][0]) @ clip.visual.proj
        kept.append(
            Shown(
                drawn.scenes,
                embed_texts(clip, tokenizer, captions),
                F.normalize(seen["image_features"].float(), dim=-1).cpu(),
                F.normalize(tokens.float(), dim=-1).cpu(),
                states(drawn, patch).flatten(1).cpu(),
            )
        )
    return Shown(
        [scene for some in kept for scene in some.scenes],
        *(
            torch.cat([getattr(some, name) for some in kept])
            for name in ("texts", "wholes", "patches", "states")
        ),
    )


def heldout(
    clip: Any, tokenizer: Tokenizer, *, seed: int, pictures: int, size: int, patch: int
) -> dict[str, Any]:
    """Return the held-out figures of a CLIP in evaluation mode, by part of the world.

    The pictures are of a seed that training does not use. Each figure has its chance level beside
    it. "retrieval_at_128" is image to caption among 128; "condition" is flawless or damaged for
    the noun of the picture, and "patches" the same for each of its patches, both asked with the
    prompt ensemble and given as accuracy (balanced) or AUROC; the others are zero-shot accuracies.
    """
    figures: dict[str, Any] = {"pictures": pictures, "seed": seed}
    states = _States(clip, tokenizer)
    for part in PARTS:
        shown = show(
            clip, tokenizer, seed=seed, part=part, pictures=pictures, size=size, patch=patch
        )
        found = {"retrieval_at_128": _retrieval(shown), **_asked(states, shown)}
        for question in QUESTIONS:
            asked = _zero_shot(clip, tokenizer, shown, question)
            if asked:
                found[question.name] = asked
        figures[part] = {name: value for name, value in found.items() if value}
    return figures


def _retrieval(shown: Shown) -> dict[str, float]:
    hits = []
    for start in range(0, len(shown.scenes) - ROUND + 1, ROUND):
        found = (shown.wholes[start : start + ROUND] @ shown.texts[start : start + ROUND].T).argmax(
            1
        )
        hits.append((found == torch.arange(ROUND)).float().mean().item())
    return _figure(float(np.mean(hits)), 1 / ROUND) if hits else {}


def _figure(value: float, chance: float) -> dict[str, float]:
    return {"value": round(value, 4), "chance": round(chance, 4)}


def _zero_shot(
    clip: Any, tokenizer: Tokenizer, shown: Shown, question: Question
) -> dict[str, float]:
    """Answer a question with the answer whose words, in all forms, are nearest to the picture."""
    truth = torch.tensor([question.label(scene) for scene in shown.scenes])
    if not bool((truth >= 0).any()):
        return {}
    directions = torch.stack(
        [
            embed_texts(clip, tokenizer, [form.format(w) for w in words for form in FORMS]).mean(0)
            for words in question.choices.values()
        ]
    )
    guesses = (shown.wholes @ F.normalize(directions, dim=-1).T).argmax(1)
    right = (guesses == truth)[truth >= 0].float().mean().item()
    return _figure(right, 1 / len(question.choices))


class _States:
    """The directions from flawless to damaged in the text space, by noun, each made once."""

    def __init__(self, clip: Any, tokenizer: Tokenizer) -> None:
        self.clip, self.tokenizer = clip, tokenizer
        self.known: dict[str, Tensor] = {}

    def of(self, noun: str) -> Tensor:
        """Return the mean of the damaged prompts less that of the flawless ones."""
        if noun not in self.known:
            word = (OBJECTS[noun] if noun in OBJECTS else MATERIALS[noun]).nouns[0]
            good, bad = (self._mean(word, states) for states in (FLAWLESS[:7], DAMAGED[:5]))
            self.known[noun] = bad - good
        return self.known[noun]

    def _mean(self, word: str, states: tuple[str, ...]) -> Tensor:
        texts = [t.format(s.format(word)) for t in TEMPLATES[::8] for s in states]
        return F.normalize(embed_texts(self.clip, self.tokenizer, texts).mean(0), dim=-1)


def _asked(states: _States, shown: Shown) -> Figures:
    """Flawless or damaged, of pictures and of patches, asked with the prompt ensemble."""
    contrast = torch.stack([states.of(scene.noun) for scene in shown.scenes])
    margins = (shown.wholes * contrast).sum(1)
    damaged = torch.tensor([scene.condition is not None for scene in shown.scenes])
    right = [(margins[damaged] > 0).float().mean(), (margins[~damaged] <= 0).float().mean()]
    each = torch.einsum("ipe,ie->ip", shown.patches, contrast)
    known = shown.states != UNSURE
    return {
        "condition": _figure(float(sum(right)) / 2, 0.5),
        "condition_auroc": _figure(_auroc(margins, damaged), 0.5),
        "patches_auroc": _figure(_auroc(each[known], shown.states[known] == 1), 0.5),
    }


def _auroc(scores: Tensor, positive: Tensor) -> float:
    from workbench.evaluation.image_metrics import auroc

    found = auroc(positive.numpy().astype(int), scores.double().numpy()).value
    return float("nan") if found is None else float(found)
