"""The model card of the demo CLIP, written from its own log and figures."""

from collections.abc import Mapping
from typing import Any

from workbench.demo.training.evaluate import PARTS
from workbench.demo.training.recipe import Recipe
from workbench.demo.world.attributes import QUESTIONS
from workbench.demo.world.conditions import CONDITIONS
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS

CARD = """# The demo CLIP

A small genuine CLIP: an open_clip image tower (ViT, width {width}, {layers} layers, {heads} heads,
{size} px, patches of {patch} px) and text tower, {parameters:.1f} million parameters in fp16. It
comes with the workbench so that everything can be tried without a download. It is loaded by the
same code as any other open_clip directory.

**Data.** {distinct:,} procedural pictures, each shown {repeats} times, turned and mirrored anew and
with another caption: {materials} materials and {objects} kinds of object, flawless or with one of
{conditions} kinds of damage (`workbench/demo/world/`). No photograph, nothing of the inspection set
in `data/demo`. Kept out of the training: the materials {held_materials}; the damage {held_damage};
and one in ten pairs of (material, colour), (material, object) and (damage, what it happens to).

**Recipe.** The image is contrasted with its caption (open_clip's loss), and with phrases for its
attributes (material, object, colour, damage, arrangement, and flawless against damaged in the words
of WinCLIP's prompts). The patch tokens are contrasted with the same phrases, for the world knows
what each patch shows: this puts single patches into the text space, which an ordinary CLIP's
training does not do. Linear heads on the image embedding and on the patch tokens at half depth and
at the end help the image tower along and are thrown away. In most of the training the tower sees
{seen} of {patches} patches, those around one spot and others at random; at its end all. Matrices of
the blocks learn by Muon, all else by AdamW. `training_log.csv` has the course of it with held-out
figures on the way.

**Time and energy.** {minutes:.0f} minutes ({device}), pauses and other work on the machine
included{energy}.

**Tokenizer.** open_clip's, trimmed to the merges that the captions and the prompt ensemble need
({tokens:,} tokens). Their words split as in the original; other words fall back to smaller pieces.
`concepts.txt` lists what the captions named, by kind: what labels of its neurons are made of.

**Held out.** {heldout} pictures of another seed in each column, percent, chance in brackets.
Zero-shot except for the first row; "flawless or damaged" is asked with the prompt ensemble.

{table}

**What it is good for.** Learning how the tools work, and tests. It has a visual vocabulary for
surfaces, simple forms and the marks that damage leaves on them, and its patches answer to words.

**What it cannot do.** It has seen no photograph and a few hundred words. Its text space was taught
per patch, so how well its patches answer to words says nothing about other CLIPs. Its figures say
nothing about LAKE on a real CLIP; use one for any work that counts.

**LAKE on it.** `docs/results.md` has the figures, on drawn products and on photographs, layer by
layer, beside the same network untrained and the model before. None of them chose anything here.

**Make it again.** `python -m workbench.demo.training.train --out DIR --pictures {shown}`
(`--resume` after an interruption; CUDA is used where it is). Measure it with `python -m
workbench.demo.training.export --evaluate DIR --pictures {heldout}`, which also writes this page.
See what it was shown with `python -m workbench.demo.world --out sheet.png`.

Licence: MIT, as the rest of the workbench.
"""

CORE_WATTS = 10
"""What a busy core and its share of the machine are assumed to draw; nothing here measures it."""

ROWS = {
    "retrieval_at_128": "its own caption among 128",
    "condition": "flawless or damaged, balanced accuracy",
    "condition_auroc": "flawless or damaged, AUROC",
    "patches_auroc": "flawless or damaged, single patches, AUROC",
    **{question.name: f"which {question.name}" for question in QUESTIONS},
}


def card(
    recipe: Recipe,
    last: Mapping[str, Any],
    figures: Mapping[str, Any],
    parameters: int,
) -> str:
    """Return the card as Markdown, from the last row of the log and the held-out figures."""
    vision = recipe.architecture["vision_cfg"]
    held = {
        "held_materials": [made.nouns[0] for made in MATERIALS.values() if made.heldout],
        "held_damage": [kind.nouns[0] for kind in CONDITIONS.values() if kind.heldout],
    }
    return CARD.format(
        width=vision["width"],
        layers=vision["layers"],
        heads=vision["width"] // vision["head_width"],
        size=vision["image_size"],
        patch=vision["patch_size"],
        parameters=parameters / 1e6,
        distinct=int(last.get("pictures", 0)) // recipe.repeats,
        shown=int(last.get("pictures", 0)),
        repeats=recipe.repeats,
        materials=len(MATERIALS),
        objects=len(OBJECTS),
        conditions=len(CONDITIONS),
        seen=recipe.seen(0.0),
        patches=recipe.grid**2,
        minutes=float(last.get("seconds", 0)) / 60,
        device=last.get("device", "an unknown device"),
        energy=_energy(recipe, last),
        tokens=recipe.architecture["text_cfg"]["vocab_size"],
        heldout=figures["pictures"],
        table=table(figures),
        **{name: ", ".join(words) for name, words in held.items()},
    )


def _energy(recipe: Recipe, last: Mapping[str, Any]) -> str:
    """Return a bound on the energy of a training on a CPU, in words; nothing for other devices."""
    if last.get("device") != "cpu":
        return ""
    hours = recipe.parts * float(last["seconds"]) / 3600
    return (
        f": at most {hours:.1f} hours of a CPU core, which at an assumed {CORE_WATTS} W a core are "
        f"{hours * CORE_WATTS / 1000:.2f} kWh"
    )


def table(figures: Mapping[str, Any]) -> str:
    """Return the held-out figures as a Markdown table, a column for each part of the world."""
    lines = ["| question | " + " | ".join(PARTS.values()) + " |", "|---" * (1 + len(PARTS)) + "|"]
    for name, words in ROWS.items():
        found = [figures.get(part, {}).get(name) for part in PARTS]
        if any(found):
            cells = [
                f"{100 * one['value']:.1f} ({100 * one['chance']:.1f})" if one else ""
                for one in found
            ]
            lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
