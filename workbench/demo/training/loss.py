"""The demo CLIP's training loss: pictures against captions, and against the attributes' words."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.world.attributes import NOUNS, QUESTIONS, state_prompts
from workbench.demo.training.recipe import Recipe
from workbench.demo.world import rng_of

PROMPT_STREAM = 11
HEAD_SCALE = 4.0


def prompts(tokenizer: Any, seed: int, step: int) -> Int[Tensor, "prompt token"]:
    """Return the token ids of one step's attribute phrases, then of its states of every noun."""
    rng = rng_of(seed, step, PROMPT_STREAM)
    texts = [phrase for question in QUESTIONS for phrase in question.phrases(rng)]
    ids: Tensor = tokenizer(texts + state_prompts(rng))
    return ids


def heads(width: int) -> torch.nn.Linear:
    """Return linear classifiers of all attributes and of flawless or damaged, in one layer."""
    return torch.nn.Linear(width, sum(len(question.choices) for question in QUESTIONS) + 2)


def of(
    clip: Any,
    helpers: torch.nn.Linear,
    images: Float[Tensor, "image 3 row column"],
    captions: Int[Tensor, "image token"],
    answers: Int[Tensor, "image answer"],
    phrases: Int[Tensor, "prompt token"],
    recipe: Recipe,
) -> Float[Tensor, ""]:
    """Return the loss of a batch.

    The caption is contrasted with the image embedding, as in CLIP, and, with a smaller weight, with
    the mean of the projected patch tokens: so single patches live in the text space too. Both are
    also contrasted with the phrases of the attributes. The helping heads read the attributes off
    the same embeddings: they teach the image tower while the text tower has little to say yet.
    """
    from open_clip.loss import ClipLoss

    pooled, patches = clip.visual(images)
    whole = F.normalize(pooled.float(), dim=-1)
    mean = patches.mean(1) @ clip.visual.proj
    local = F.normalize(mean.float(), dim=-1)
    texts = F.normalize(clip.encode_text(torch.cat([captions, phrases])).float(), dim=-1)
    said, asked = texts[: len(captions)], texts[len(captions) :]
    scale = clip.logit_scale.exp()
    total = torch.zeros((), device=images.device)
    for weight, seen, raw in ((1.0, whole, pooled), (recipe.patch_weight, local, mean)):
        contrast = ClipLoss()(seen, said, scale)
        asking = questions(*_states(scale * seen @ asked.T, answers), answers)
        read = helpers(HEAD_SCALE * raw.float()).float()
        helping = questions(read[:, :-2], read[:, -2:], answers)
        total = total + weight * (
            contrast + recipe.question_weight * asking + recipe.head_weight * helping
        )
    return total


def questions(
    logits: Float[Tensor, "image choice"],
    states: Float[Tensor, "image 2"],
    answers: Int[Tensor, "image answer"],
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy of the questions that arise, plus flawless against damaged."""
    losses, first = [], 0
    for number, question in enumerate(QUESTIONS):
        truth = answers[:, number]
        if bool((truth >= 0).any()):
            chosen = logits[:, first : first + len(question.choices)]
            losses.append(F.cross_entropy(chosen, truth, ignore_index=-1))
        first += len(question.choices)
    return torch.stack(losses).mean() + F.cross_entropy(states, answers[:, len(QUESTIONS) + 1])


def _states(
    logits: Float[Tensor, "image prompt"], answers: Int[Tensor, "image answer"]
) -> tuple[Float[Tensor, "image choice"], Float[Tensor, "image 2"]]:
    """Return the logits of all attributes, and those of the two states of each picture's noun."""
    choices = sum(len(question.choices) for question in QUESTIONS)
    pairs = logits[:, choices:].reshape(len(logits), len(NOUNS), 2)
    number = torch.arange(len(logits), device=logits.device)
    return logits[:, :choices], pairs[number, answers[:, len(QUESTIONS)]]
