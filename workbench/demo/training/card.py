"""The model card of the demo CLIP, written from its own log and figures."""

from collections.abc import Mapping
from typing import Any

from workbench.demo.training.recipe import Recipe

CARD = """# The demo CLIP

A small genuine CLIP: an open_clip image tower (ViT, width {width}, {layers} layers, {heads} heads,
{size} px, patches of {patch} px) and text tower, {parameters:.1f} million parameters in fp16. It
comes with the workbench so that everything can be tried without a download. It is loaded by the
same code as any other open_clip directory.

**Data.** {pictures:,} procedural pictures of 16 materials and 19 kinds of object, flawless or with
one of 14 kinds of damage, each with a caption from a grammar (`workbench/demo/world.py`,
`captions.py`). No photograph, nothing of the inspection set in `data/demo`.

**Recipe.** The image is contrasted with its caption and with phrases for its attributes (material,
object, colour, damage, arrangement, and flawless against damaged in the words of WinCLIP's
prompts); with a smaller weight so is the mean of the projected patch tokens, which puts single
patches into the text space. Linear heads on the same attributes help the image tower along and are
thrown away. Most of the patches are dropped in most of the training, none at its end. It took
{minutes:.0f} minutes in all; `training_log.csv` has the course of it.

**Tokenizer.** open_clip's, trimmed to the merges that the captions and the prompt ensemble need
({tokens:,} tokens). Their words split as in the original; other words fall back to smaller pieces.

**Held out.** {heldout} pictures of another seed, zero-shot except for the first row:

| question | correct | chance |
|---|---|---|
{rows}

**What it is good for.** Learning how the tools work, and tests. It has a visual vocabulary for
surfaces, simple shapes and the marks that damage leaves on them.

**What it cannot do.** It has seen no photograph and a few hundred words. It knows surfaces and
colours well, objects and small damage poorly (see the table), so its text branch is weak. How LAKE
does on it, `workbench demo` tells. Its figures say nothing about LAKE on a real CLIP; use one for
any work that counts.

**Make it again.** `python -m workbench.demo.training.train --out data/models/demo --minutes {minutes:.0f}`
(`--resume` after an interruption). With CUDA the same minutes see many times the pictures.
Measure it with `python -m workbench.demo.training.export --evaluate data/models/demo --pictures {heldout}`,
which also writes this page.

Licence: MIT, as the rest of the workbench.
"""

QUESTIONS = {
    "retrieval_at_128": "its own caption among 128",
    "condition": "flawless or damaged (balanced)",
    "material": "which of 16 materials",
    "object": "which of 19 objects",
    "colour": "which of 14 colours",
    "damage": "which of 14 kinds of damage",
    "arrangement": "which of 6 arrangements",
}


def card(
    recipe: Recipe, last: Mapping[str, Any], figures: Mapping[str, Any], parameters: int
) -> str:
    """Return the card as Markdown, from the last row of the log and the held-out figures."""
    vision = recipe.architecture["vision_cfg"]
    rows = []
    for name, words in QUESTIONS.items():
        found = figures[name]
        if found["accuracy"] is not None:
            right, chance = 100 * found["accuracy"], 100 * found["chance"]
            rows.append(f"| {words} | {right:.1f} % | {chance:.1f} % |")
        if "auroc" in found:
            rows.append(f"| flawless or damaged, AUROC | {100 * found['auroc']:.1f} | 50.0 |")
    return CARD.format(
        width=vision["width"],
        layers=vision["layers"],
        heads=vision["width"] // vision["head_width"],
        size=vision["image_size"],
        patch=vision["patch_size"],
        parameters=parameters / 1e6,
        pictures=int(last.get("pictures", 0)),
        minutes=float(last.get("seconds", 0)) / 60,
        tokens=recipe.architecture["text_cfg"]["vocab_size"],
        heldout=figures["pictures"],
        rows="\n".join(rows),
    )
