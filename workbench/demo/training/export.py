"""Writing the demo CLIP as an open_clip directory, with its log and its held-out figures."""

import argparse
import csv
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workbench.demo.training.card import card
from workbench.demo.training.recipe import MEAN, STD, Recipe
from workbench.demo.world.concepts import concepts
from workbench.files import write_bytes, write_json, write_text
from workbench.neurons.labels.vocabulary import CONCEPTS_FILE, Vocabulary

CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"
VOCABULARY = "bpe_vocab.txt.gz"
LOG = "training_log.csv"
FIGURES = "heldout.json"
CARD = "README.md"
CURVE = ("retrieval_at_128", "material", "object", "damage", "condition_auroc", "patches_auroc")
COLUMNS = ("step", "pictures", "seconds", "device", "loss", *CURVE)


def write(
    out: Path,
    weights: Mapping[str, Tensor],
    recipe: Recipe,
    rows: list[dict[str, float]],
    figures: dict[str, Any],
) -> None:
    """Write config, fp16 weights, model card, its words, log and figures, each in one step."""
    from safetensors.torch import save

    half = {
        name: tensor.detach().to("cpu", torch.float16).contiguous()
        for name, tensor in weights.items()
        if name != "attn_mask"
    }
    write_bytes(out / WEIGHTS, save(half))
    write_json(
        out / CONFIG,
        {
            "model_cfg": recipe.architecture,
            "preprocess_cfg": {
                "mean": list(MEAN),
                "std": list(STD),
                "interpolation": "bicubic",
                "resize_mode": "squash",
                "size": recipe.image_size,
            },
        },
    )
    count = sum(tensor.numel() for tensor in half.values())
    write_text(out / CARD, card(recipe, rows[-1] if rows else {}, figures, count))
    lines = [",".join(COLUMNS), *(",".join(str(row.get(c, "")) for c in COLUMNS) for row in rows)]
    write_text(out / LOG, "\n".join(lines) + "\n")
    write_json(out / FIGURES, figures)
    Vocabulary.of(concepts(), "the training world").write(out / CONCEPTS_FILE)


def curve(figures: dict[str, Any]) -> dict[str, float]:
    """Return those held-out figures that the log follows over the training."""
    same = figures["training"]
    return {name: same[name]["value"] for name in CURVE if name in same}


def read(folder: Path) -> tuple[Any, Any]:
    """Return (open_clip model in fp32 and evaluation mode, tokenizer) of an exported folder."""
    from open_clip.model import CLIP
    from safetensors.torch import load_file

    from workbench.demo.training.tokenizer import read_tokenizer

    shape = json.loads((folder / CONFIG).read_text())["model_cfg"]
    clip = CLIP(**shape).eval()
    clip.load_state_dict(load_file(folder / WEIGHTS))
    return clip, read_tokenizer(folder / VOCABULARY, shape["text_cfg"]["context_length"])


def main(arguments: list[str] | None = None) -> int:
    """Measure an exported model on held-out pictures and write its figures beside it."""
    from workbench.demo.training.evaluate import heldout

    parser = argparse.ArgumentParser(
        prog="python -m workbench.demo.training.export", description=__doc__
    )
    parser.add_argument("--evaluate", type=Path, required=True, metavar="DIR")
    parser.add_argument("--pictures", type=int, default=2048)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    clip, tokenizer = read(options.evaluate)
    recipe = Recipe()
    figures = heldout(
        clip,
        tokenizer,
        seed=recipe.heldout_seed,
        pictures=options.pictures,
        size=recipe.image_size,
        patch=recipe.patch_size,
    )
    write_json(options.evaluate / FIGURES, figures)
    log_rows = list(csv.DictReader((options.evaluate / LOG).read_text().splitlines()))
    shown = card(
        recipe.with_vocabulary(tokenizer.vocab_size),
        log_rows[-1] if log_rows else {},
        figures,
        sum(weight.numel() for weight in clip.parameters()),
    )
    write_text(options.evaluate / CARD, shown)
    logging.getLogger("workbench.demo.training.export").info("%s", json.dumps(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
