"""The demo CLIP's training loss: pictures against captions, and against the attributes' words."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.attributes import NOUNS, QUESTIONS, state_prompts
from workbench.demo.recipe import Recipe
from workbench.demo.world import rng_of

PROMPT_STREAM = 11


def prompts(tokenizer: Any, seed: int, step: int) -> Int[Tensor, "prompt token"]:
    """Return the token ids of one step's attribute phrases, then of its states of every noun."""
    rng = rng_of(seed, step, PROMPT_STREAM)
    texts = [phrase for question in QUESTIONS for phrase in question.phrases(rng)]
    ids: Tensor = tokenizer(texts + state_prompts(rng))
    return ids


def of(
    clip: Any, images: Float[Tensor, "image 3 row column"], captions: Int[Tensor, "image token"],
    answers: Int[Tensor, "image answer"], phrases: Int[Tensor, "prompt token"], recipe: Recipe,
) -> Float[Tensor, ""]:
    """Return the loss of a batch.

    The caption is contrasted with the image embedding, as in CLIP, and, with a smaller weight, with
    the mean of the projected patch tokens: so single patches live in the text space too. Both are
    also contrasted with the phrases of the attributes.
    """
    from open_clip.loss import ClipLoss

    pooled, patches = clip.visual(images)
    whole = F.normalize(pooled.float(), dim=-1)
    local = F.normalize((patches.mean(1) @ clip.visual.proj).float(), dim=-1)
    texts = F.normalize(clip.encode_text(torch.cat([captions, phrases])).float(), dim=-1)
    said, asked = texts[: len(captions)], texts[len(captions) :]
    scale = clip.logit_scale.exp()
    total = torch.zeros((), device=images.device)
    for weight, seen in ((1.0, whole), (recipe.patch_weight, local)):
        contrast = ClipLoss()(seen, said, scale)
        total = total + weight * (contrast + recipe.question_weight * questions(
            scale * seen @ asked.T, answers))
    return total


def questions(
    logits: Float[Tensor, "image prompt"], answers: Int[Tensor, "image answer"]
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy of the questions that arise, plus that of the noun's states."""
    losses, first = [], 0
    for number, question in enumerate(QUESTIONS):
        truth = answers[:, number]
        if bool((truth >= 0).any()):
            chosen = logits[:, first : first + len(question.choices)]
            losses.append(F.cross_entropy(chosen, truth, ignore_index=-1))
        first += len(question.choices)
    pairs = logits[:, first:].reshape(len(logits), len(NOUNS), 2)
    noun, damaged = answers[:, len(QUESTIONS)], answers[:, len(QUESTIONS) + 1]
    states = pairs[torch.arange(len(logits), device=logits.device), noun]
    return torch.stack(losses).mean() + F.cross_entropy(states, damaged)
