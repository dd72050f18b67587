"""What the demo CLIP knows of pictures and captions that it never saw."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.world.attributes import FORMS, NOUNS, QUESTIONS, Question, noun_of
from workbench.demo.world.captions import DAMAGED, FLAWLESS, TEMPLATES, caption
from workbench.demo.training.recipe import MEAN, STD
from workbench.demo.world import Picture, Scene, draw, rng_of

Tokenizer = Callable[[list[str]], Tensor]
CAPTION_STREAM = 7
ROUND = 128


def to_tensor(images: Sequence[np.ndarray] | Tensor) -> Float[Tensor, "image 3 row column"]:
    """Return 8-bit pictures [row, column, 3] as one normalised batch."""
    stacked = images if isinstance(images, Tensor) else torch.from_numpy(np.stack(images))
    pixels = stacked.permute(0, 3, 1, 2).float() / 255
    return (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def captioned(seed: int, index: int, size: int) -> tuple[Picture, str]:
    """Return picture `index` of the world of `seed` with its caption."""
    picture = draw(seed, index, size)
    return picture, caption(rng_of(seed, index, CAPTION_STREAM), picture.scene)


@torch.no_grad()
def embed_texts(clip: Any, tokenizer: Tokenizer, texts: list[str]) -> Float[Tensor, "text unit"]:
    """Return the unit text embeddings."""
    device = clip.logit_scale.device
    return F.normalize(clip.encode_text(tokenizer(texts).to(device)).float(), dim=-1).cpu()


@torch.no_grad()
def embed_images(
    clip: Any, images: Sequence[np.ndarray], batch: int = 32
) -> Float[Tensor, "image unit"]:
    """Return the unit image embeddings of 8-bit pictures."""
    parts = []
    for start in range(0, len(images), batch):
        pixels = to_tensor(images[start : start + batch]).to(clip.logit_scale.device)
        with torch.autocast(pixels.device.type, torch.bfloat16):
            parts.append(clip.encode_image(pixels))
    return F.normalize(torch.cat(parts).float(), dim=-1).cpu()


def heldout(
    clip: Any, tokenizer: Tokenizer, *, seed: int, pictures: int, size: int
) -> dict[str, Any]:
    """Return the held-out figures of a CLIP in evaluation mode, each with its chance level.

    Pictures are drawn from the world of a seed that training does not use; of every pair of twins
    only one is taken. Retrieval is image to caption among 128, by the caption's own picture.
    """
    drawn = [captioned(seed, 2 * k + k % 2, size) for k in range(pictures)]
    images = embed_images(clip, [picture.image for picture, _ in drawn])
    texts = embed_texts(clip, tokenizer, [text for _, text in drawn])
    scenes = [picture.scene for picture, _ in drawn]
    hits = []
    for start in range(0, pictures - ROUND + 1, ROUND):
        found = (images[start : start + ROUND] @ texts[start : start + ROUND].T).argmax(1)
        hits.append((found == torch.arange(ROUND)).float().mean().item())
    figures: dict[str, Any] = {
        "pictures": pictures,
        "seed": seed,
        "retrieval_at_128": _figure(float(np.mean(hits)) if hits else None, 1 / ROUND),
        "condition": _condition(clip, tokenizer, images, scenes),
    }
    for question in QUESTIONS:
        figures[question.name] = _zero_shot(clip, tokenizer, images, scenes, question)
    return figures


def _figure(accuracy: float | None, chance: float) -> dict[str, Any]:
    value = None if accuracy is None else round(accuracy, 4)
    return {"accuracy": value, "chance": round(chance, 4)}


def _zero_shot(
    clip: Any, tokenizer: Tokenizer, images: Tensor, scenes: list[Scene], question: Question
) -> dict[str, Any]:
    """Answer a question with the answer whose words, in all forms, are nearest to the picture."""
    directions = torch.stack(
        [
            embed_texts(clip, tokenizer, [form.format(w) for w in words for form in FORMS]).mean(0)
            for words in question.choices.values()
        ]
    )
    truth = torch.tensor([question.label(scene) for scene in scenes])
    guesses = (images @ F.normalize(directions, dim=-1).T).argmax(1)
    asked = truth >= 0
    right = (guesses == truth)[asked].float().mean().item() if bool(asked.any()) else None
    return _figure(right, 1 / len(question.choices))


def _condition(
    clip: Any, tokenizer: Tokenizer, images: Tensor, scenes: list[Scene]
) -> dict[str, Any]:
    """Flawless or damaged, asked with the prompt ensemble for the scene's own noun."""
    pairs = {noun: _ensemble(clip, tokenizer, noun) for noun in NOUNS}
    margins = torch.stack(
        [
            (pairs[NOUNS[noun_of(scene)]] @ image).diff().squeeze()
            for image, scene in zip(images, scenes, strict=True)
        ]
    )
    truth = torch.tensor([scene.condition is not None for scene in scenes])
    order = margins[truth][:, None] - margins[~truth][None, :]
    auroc = ((order > 0).float() + 0.5 * (order == 0).float()).mean().item()
    accuracy = 0.5 * ((margins[truth] > 0).float().mean() + (margins[~truth] <= 0).float().mean())
    return {**_figure(float(accuracy), 0.5), "auroc": round(auroc, 4)}


def _ensemble(clip: Any, tokenizer: Tokenizer, noun: str) -> Float[Tensor, "2 unit"]:
    rows = []
    for states in (FLAWLESS[:7], DAMAGED[:5]):
        prompts = [t.format(s.format(noun)) for t in TEMPLATES[::4] for s in states]
        rows.append(embed_texts(clip, tokenizer, prompts).mean(0))
    return F.normalize(torch.stack(rows), dim=-1)
