"""The demo CLIP's training loss: pictures and patches against words.

The caption is contrasted with the image embedding, as in CLIP (open_clip's loss). The image
embedding is also contrasted with one phrase per possible answer to each question of
`world.attributes`, and with the flawless and the damaged state of its own noun. The same phrases
are held against the projected patch tokens: the world knows what each of its patches shows, so
single patches get a place in the text space (in a CLIP trained on photographs they have none that
is reliable). Linear heads on the embeddings and on the patch tokens at half depth and at the end
teach the image tower while the text tower has little to say yet; they are thrown away.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.training.evaluate import to_tensor
from workbench.demo.training.recipe import Recipe
from workbench.demo.training.stream import Batch
from workbench.demo.world.attributes import (
    COLOUR,
    DAMAGE,
    MATERIAL,
    OBJECT,
    QUESTIONS,
    Question,
    state_prompts,
)
from workbench.demo.world.scene import rng_of

PROMPTS = 11  # stream of random numbers
HEAD_SCALE = 4.0
NOUN, DAMAGED = len(QUESTIONS), len(QUESTIONS) + 1  # columns of a batch's answers
STATE = Question("state", {"flawless": (), "damaged": ()}, lambda _: None)
ASKED_OF_PATCHES = (MATERIAL, OBJECT, COLOUR, DAMAGE, STATE)


def prompts(tokenizer: Any, rng: Generator, nouns: Sequence[int]) -> Int[Tensor, "prompt token"]:
    """Return the token ids of phrases for all attributes, then of the two states of the nouns."""
    texts = [phrase for question in QUESTIONS for phrase in question.phrases(rng)]
    ids: Tensor = tokenizer(texts + state_prompts(rng, nouns))
    return ids


class Heads(torch.nn.Module):
    """The classifiers that help in training: of whole pictures, and of patches at two depths."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.whole = torch.nn.Linear(embedding, sum(len(q.choices) for q in QUESTIONS) + 2)
        asked = sum(len(question.choices) for question in ASKED_OF_PATCHES)
        self.patches = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.LayerNorm(width), torch.nn.Linear(width, asked))
            for _ in range(2)
        )


class Seen(NamedTuple):
    """What the image tower made of a batch."""

    pooled: Float[Tensor, "image embedding"]
    middle: Float[Tensor, "image patch width"]
    last: Float[Tensor, "image patch width"]


def look(clip: Any, images: Float[Tensor, "image 3 row column"]) -> Seen:
    """Return the image embeddings, and the patch tokens at half depth and at the end."""
    layers = len(clip.visual.transformer.resblocks)
    found = clip.visual.forward_intermediates(
        images, indices=[layers // 2 - 1, layers - 1], output_fmt="NLC"
    )
    middle, last = found["image_intermediates"]
    return Seen(found["image_features"], middle, last)


def read(clip: Any, tokens: Int[Tensor, "text token"]) -> Float[Tensor, "text unit"]:
    """Return the unit embeddings of texts, without the padding that all of them share."""
    length = int((tokens != 0).sum(1).max())
    x = clip.token_embedding(tokens[:, :length]) + clip.positional_embedding[:length]
    x = clip.ln_final(clip.transformer(x, attn_mask=clip.attn_mask[:length, :length]))
    ends = x[torch.arange(len(x), device=x.device), tokens.argmax(1)]
    return F.normalize((ends @ clip.text_projection).float(), dim=-1)


def of(
    clip: Any, heads: Heads, batch: Batch, tokenizer: Any, recipe: Recipe, step: int
) -> dict[str, Float[Tensor, ""]]:
    """Return the parts of a batch's loss, weighted; their sum is what is minimised."""
    from open_clip.loss import ClipLoss

    nouns, noun = batch.answers[:, NOUN].unique(return_inverse=True)
    rng = rng_of(recipe.seed, step, PROMPTS)
    phrases = prompts(tokenizer, rng, nouns.tolist()).to(batch.images.device)
    seen = look(clip, to_tensor(batch.images))
    texts = read(clip, torch.cat([batch.tokens, phrases]))
    said, asked = texts[: len(batch.tokens)], texts[len(batch.tokens) :]
    bank = _bank(asked, noun)
    scale = clip.logit_scale.exp()
    whole = F.normalize(seen.pooled.float(), dim=-1)
    truth = patch_truth(batch, clip.visual.patch_dropout.kept)
    tokens = clip.visual.ln_post(seen.last)
    local = F.normalize((tokens @ clip.visual.proj).float(), dim=-1)
    helped = heads.whole(HEAD_SCALE * seen.pooled.float())
    parts = {
        "captions": ClipLoss()(whole, said, scale),
        "phrases": recipe.phrase_weight * _of_pictures(_logits(scale * whole, bank), batch),
        "patches": recipe.patch_weight * _of_patches(_patch_logits(scale * local, bank), truth),
        "heads": recipe.head_weight * _of_pictures(_parted(helped, QUESTIONS), batch),
    }
    for name, depth, head in zip(
        ("middle", "last"), (seen.middle, seen.last), heads.patches, strict=True
    ):
        parts[name] = recipe.depth_weight * _of_patches(
            _parted(head(depth), ASKED_OF_PATCHES), truth
        )
    return parts


Bank = dict[str, Tensor]  # phrases' embeddings by question; of "state", [image, 2, unit]
Truth = dict[str, Int[Tensor, "image patch"]]


def _bank(asked: Float[Tensor, "prompt unit"], noun: Int[Tensor, "image"]) -> Bank:
    bank, first = {}, 0
    for question in QUESTIONS:
        bank[question.name] = asked[first : first + len(question.choices)]
        first += len(question.choices)
    return {**bank, STATE.name: asked[first:].unflatten(0, (-1, 2))[noun]}


def _parted(logits: Tensor, questions: tuple[Question, ...]) -> dict[str, Tensor]:
    """Return a head's logits by question; what is left over is flawless against damaged."""
    sizes = [len(question.choices) for question in questions]
    names = [question.name for question in questions]
    rest = logits.shape[-1] - sum(sizes)
    if rest:
        sizes, names = [*sizes, rest], [*names, STATE.name]
    return dict(zip(names, logits.float().split(sizes, -1), strict=True))


def _logits(whole: Tensor, bank: Bank) -> dict[str, Tensor]:
    found = {question.name: whole @ bank[question.name].T for question in QUESTIONS}
    return {**found, STATE.name: torch.einsum("ie,ise->is", whole, bank[STATE.name])}


def _patch_logits(local: Tensor, bank: Bank) -> dict[str, Tensor]:
    found = {
        question.name: local @ bank[question.name].T
        for question in ASKED_OF_PATCHES
        if question is not STATE
    }
    return {**found, STATE.name: torch.einsum("ipe,ise->ips", local, bank[STATE.name])}


def _of_pictures(logits: dict[str, Tensor], batch: Batch) -> Tensor:
    """Return the mean cross-entropy of the questions that arise, plus flawless against damaged."""
    losses = [
        F.cross_entropy(logits[question.name], batch.answers[:, number], ignore_index=-1)
        for number, question in enumerate(QUESTIONS)
        if bool((batch.answers[:, number] >= 0).any())
    ]
    state = F.cross_entropy(logits[STATE.name], batch.answers[:, DAMAGED])
    return torch.stack(losses).mean() + state


def patch_truth(batch: Batch, kept: Tensor | None) -> Truth:
    """Return for each patch kept the numbers of the true answers, -1 where a question has none.

    A patch of the product has the product's object and, unless it is damaged, colour; its state is
    asked of patches of the product only, and its kind of damage where it is damaged.
    """
    states, owners = batch.states.flatten(1).long(), batch.owners.flatten(1).long()
    if kept is not None:
        states, owners = states.gather(1, kept), owners.gather(1, kept)
    nothing = torch.full_like(states, -1)
    product, whole = owners == 1, states == 0
    columns = {question.name: number for number, question in enumerate(QUESTIONS)}

    def answer(question: Question) -> Tensor:
        return batch.answers[:, columns[question.name], None].expand_as(states)

    own, ground = (batch.surfaces[:, k, None].expand_as(states) for k in range(2))
    return {
        MATERIAL.name: torch.where(
            whole & product, own, torch.where(whole & (owners == 0), ground, nothing)
        ),
        OBJECT.name: torch.where(product, answer(OBJECT), nothing),
        COLOUR.name: torch.where(product & whole, answer(COLOUR), nothing),
        DAMAGE.name: torch.where(states == 1, answer(DAMAGE), nothing),
        STATE.name: torch.where(product | (states == 1), states, nothing),
    }


def _of_patches(logits: dict[str, Tensor], truth: Truth) -> Tensor:
    """Return the mean cross-entropy over questions; damaged and flawless patches weigh the same."""
    losses = []
    for name, right in truth.items():
        known = right >= 0
        if not bool(known.any()):
            continue
        each = F.cross_entropy(logits[name][known], right[known], reduction="none")
        if name == STATE.name:
            classes = [each[right[known] == state] for state in (0, 1)]
            losses += [part.mean() for part in classes if len(part)]
        else:
            losses.append(each.mean())
    return torch.stack(losses).mean()
