"""Train the demo CLIP: `python -m workbench.demo.training.train --out data/models/demo --minutes 90`.

A run that was stopped goes on where its last checkpoint stands (`--resume`), with the pictures in
the same order. CUDA and MPS are used where they are. The weights, their figures and the log are
exported to `--out` whenever a checkpoint is evaluated.
"""

import argparse
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from workbench.demo import export, loss, start
from workbench.demo.world.attributes import labels
from workbench.demo.world.captions import vocabulary
from workbench.demo.training.evaluate import captioned, heldout, to_tensor
from workbench.demo.training.learner import Learner, Progress, load, save
from workbench.demo.training.recipe import Recipe
from workbench.demo.training.tokenizer import read_tokenizer, write_vocabulary

log = logging.getLogger("workbench.demo.training.train")
CHECKPOINT = "training.pt"


@dataclass(frozen=True)
class Budget:
    """When a training ends (pictures or minutes, whichever comes first), and how often it saves."""

    pictures: int | None = None
    minutes: float | None = None
    save_every: float = 3.0
    export_every: float = 15.0
    heldout_pictures: int = 512

    def progress(self, pictures: int, seconds: float) -> float:
        """Return the share of the budget that is used up, 1 at the end."""
        shares = [
            pictures / self.pictures if self.pictures else 0.0,
            seconds / 60 / self.minutes if self.minutes else 0.0,
        ]
        return min(1.0, max(shares))


Batch = tuple[Tensor, Tensor, Tensor]


class Captioned(Dataset[Batch]):
    """The training pictures by number: (uint8 [row, column, 3], token ids, attribute labels)."""

    def __init__(self, seed: int, size: int, tokenizer: Any) -> None:
        self.seed, self.size, self.tokenizer = seed, size, tokenizer

    def __getitem__(self, index: int) -> Batch:
        picture, text = captioned(self.seed, index, self.size)
        answers = torch.tensor(labels(picture.scene))
        return torch.from_numpy(picture.image), self.tokenizer([text])[0], answers


def batches(dataset: Captioned, first: int, batch: int, workers: int) -> Iterator[Batch]:
    """Yield batches of pictures `first`, `first + 1`, ... without end."""

    def numbers() -> Iterator[list[int]]:
        start = first
        while True:
            yield list(range(start, start + batch))
            start += batch

    loader = DataLoader(
        dataset,
        batch_sampler=numbers(),
        num_workers=workers,
        prefetch_factor=6 if workers else None,
    )
    yield from loader


def build(recipe: Recipe) -> Any:
    """Return an untrained CLIP of the recipe's architecture, seeded, that can drop patches."""
    from open_clip.model import CLIP

    torch.manual_seed(recipe.seed)
    shape = recipe.architecture
    vision = {**shape["vision_cfg"], "patch_dropout": 0.5}
    clip = CLIP(embed_dim=shape["embed_dim"], vision_cfg=vision, text_cfg=shape["text_cfg"])
    clip.visual.output_tokens = True
    return clip


def train(
    out: Path,
    checkpoints: Path,
    recipe: Recipe,
    budget: Budget,
    *,
    device: str = "auto",
    resume: bool = False,
    workers: int = 1,
) -> Progress:
    """Train until the budget is used up, and export to `out`. Returns how far it got."""
    place = torch.device(_device(device))
    write_vocabulary(out / export.VOCABULARY, vocabulary())
    tokenizer = read_tokenizer(out / export.VOCABULARY)
    recipe = recipe.with_vocabulary(tokenizer.vocab_size)
    clip = build(recipe).to(place)
    learner = Learner.of(clip, recipe)
    path = checkpoints / CHECKPOINT
    if resume and path.exists():
        state = load(path, learner)
    else:
        start.prepare(clip, recipe.seed, recipe.image_size)
        start.prepare_text(clip, _sample_texts(tokenizer, recipe).to(place))
        state = Progress()
    log.info(
        "from picture %d on %s, %.1f million parameters",
        state.pictures,
        place,
        sum(p.numel() for p in clip.parameters()) / 1e6,
    )

    def finish(figures: bool) -> None:
        save(path, learner, state)
        if figures:
            _export(out, clip, tokenizer, recipe, state, budget.heldout_pictures)

    dataset = Captioned(recipe.seed, recipe.image_size, tokenizer)
    saved = exported = began = time.monotonic()
    before, losses = state.seconds, []
    for batch in batches(dataset, state.pictures, recipe.batch, workers):
        progress = budget.progress(state.pictures, state.seconds)
        if progress >= 1:
            break
        images, tokens, answers = (tensor.to(place) for tensor in batch)
        prompts = loss.prompts(tokenizer, recipe.seed, state.step).to(place)
        losses.append(
            _update(learner, (images, tokens, answers, prompts), recipe, state.step, progress)
        )
        now = time.monotonic()
        state.step += 1
        state.pictures += len(images)
        state.seconds = before + now - began
        if state.step % 20 == 0:
            row = {
                "step": state.step,
                "pictures": state.pictures,
                "seconds": round(state.seconds),
                "loss": round(sum(losses) / len(losses), 4),
            }
            losses = []
            state.rows.append(row)
            log.info(
                "%s, %.1f pictures/s, %.0f %% done",
                row,
                state.pictures / max(1.0, state.seconds),
                100 * progress,
            )
        if now - exported > 60 * budget.export_every:
            finish(figures=True)
            saved = exported = time.monotonic()
        elif now - saved > 60 * budget.save_every:
            finish(figures=False)
            saved = time.monotonic()
    finish(figures=True)
    return state


def _update(
    learner: Learner,
    batch: tuple[Tensor, Tensor, Tensor, Tensor],
    recipe: Recipe,
    step: int,
    progress: float,
) -> float:
    """Take one step; return its loss."""
    clip = learner.clip
    clip.train()
    clip.visual.patch_dropout.prob = recipe.dropout(progress)
    # The patches that stay are drawn from the step's own seed, so that a resumed run draws the same
    torch.manual_seed(recipe.seed * 1_000_003 + step)
    images, tokens, answers, prompts = batch
    with torch.autocast(images.device.type, torch.bfloat16):
        total = loss.of(clip, learner.heads, to_tensor(images), tokens, answers, prompts, recipe)
    clip.zero_grad(set_to_none=True)
    learner.heads.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(clip.parameters(), 1.0)
    share = min(1.0, (step + 1) / recipe.warmup)
    share *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
    learner.step((recipe.block_rate * share, recipe.rate * share))
    with torch.no_grad():
        clip.logit_scale.clamp_(0, math.log(100))
    return float(total.detach())


def _sample_texts(tokenizer: Any, recipe: Recipe) -> Tensor:
    captions: Tensor = tokenizer([captioned(recipe.seed, index, 32)[1] for index in range(600)])
    phrases = [loss.prompts(tokenizer, recipe.seed, 10**6 + k) for k in range(8)]
    return torch.cat([captions, *phrases])


def _export(
    out: Path, clip: Any, tokenizer: Any, recipe: Recipe, state: Progress, pictures: int
) -> None:
    clip.eval()
    clip.visual.output_tokens = False
    figures = heldout(
        clip, tokenizer, seed=recipe.heldout_seed, pictures=pictures, size=recipe.image_size
    )
    clip.visual.output_tokens = True
    state.rows[-1:] = [
        {
            **row,
            "heldout_retrieval": figures["retrieval_at_128"]["accuracy"],
            "zero_shot": figures["condition"]["accuracy"],
        }
        for row in state.rows[-1:]
    ]
    log.info("held out: %s", figures)
    export.write(out, clip.state_dict(), recipe, state.rows, figures)


def _device(name: str) -> str:
    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m workbench.demo.training.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where the model is exported to")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints/demo"))
    parser.add_argument("--pictures", type=int, help="end after so many pictures")
    parser.add_argument("--minutes", type=float, help="end after so many minutes of training")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--export-every", type=float, default=15.0, metavar="MINUTES")
    options = parser.parse_args(arguments)
    if options.pictures is None and options.minutes is None:
        parser.error("say when to end: --pictures N or --minutes M")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    budget = Budget(options.pictures, options.minutes, export_every=options.export_every)
    train(
        options.out,
        options.checkpoints,
        Recipe(seed=options.seed),
        budget,
        device=options.device,
        resume=options.resume,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
