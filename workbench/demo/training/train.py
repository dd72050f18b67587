"""Train the demo CLIP: `python -m workbench.demo.training.train --out DIR --minutes 90`.

A run that was stopped goes on where its last checkpoint stands (`--resume`), with the pictures in
the same order. CUDA and MPS are used where they are. The weights, their figures and the log are
exported to `--out` whenever a checkpoint is evaluated.
"""

import argparse
import logging
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workbench.demo.training import export, loss, patches, start
from workbench.demo.training.evaluate import heldout
from workbench.demo.training.learner import Learner, Progress, load, save, slim
from workbench.demo.training.recipe import Recipe
from workbench.demo.training.stream import Batch, batches
from workbench.demo.training.tokenizer import read_tokenizer, write_vocabulary
from workbench.demo.world.attributes import NOUNS
from workbench.demo.world.captions import caption_of, vocabulary
from workbench.demo.world.scene import rng_of, scene_of

log = logging.getLogger("workbench.demo.training.train")
CHECKPOINT = "training.pt"
LOG_EVERY = 20  # steps
MOST_SCALE = 4.6052  # of the logarithm of the logit scale: 100, as in CLIP


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


def build(recipe: Recipe) -> Any:
    """Return an untrained CLIP of the recipe's architecture, seeded, that can leave patches out."""
    from open_clip.model import CLIP

    torch.manual_seed(recipe.seed)
    shape = recipe.architecture
    clip = CLIP(
        embed_dim=shape["embed_dim"], vision_cfg=shape["vision_cfg"], text_cfg=shape["text_cfg"]
    )
    clip.visual.patch_dropout = patches.KeptPatches()
    return clip


def train(
    out: Path,
    checkpoints: Path,
    recipe: Recipe,
    budget: Budget,
    *,
    device: str = "auto",
    resume: bool = False,
    begin: Path | None = None,
) -> Progress:
    """Train until the budget is used up, and export to `out`. Returns how far it got.

    `resume` goes on from the last checkpoint; where there is none, from the checkpoint `begin`.
    """
    place = torch.device(_device(device))
    write_vocabulary(out / export.VOCABULARY, vocabulary())
    tokenizer = read_tokenizer(out / export.VOCABULARY)
    recipe = recipe.with_vocabulary(tokenizer.vocab_size)
    clip = build(recipe).to(place)
    learner = Learner.of(clip, recipe)
    path = checkpoints / CHECKPOINT
    held = path if resume and path.exists() else begin
    if held is not None:
        state = load(held, learner)
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

    threads = ThreadPoolExecutor(recipe.parts, initializer=torch.set_num_threads, initargs=(1,))
    saved = exported = began = time.monotonic()
    before, sums = state.seconds, _Means()
    for batch in batches(recipe, tokenizer, state.step, place):
        progress = budget.progress(state.pictures, state.seconds)
        if progress >= 1:
            break
        here = batch.to(place)
        sums.add(_update(learner, here, tokenizer, recipe, state, progress, threads))
        now = time.monotonic()
        state.step += 1
        state.pictures += len(batch.images)
        state.seconds = before + now - began
        if state.step % LOG_EVERY == 0:
            state.rows.append(
                {
                    "step": state.step,
                    "pictures": state.pictures,
                    "seconds": round(state.seconds),
                    "device": place.type,
                    **sums.taken(),
                }
            )
            log.info(
                "%s, %.1f pictures/s, %.0f %% done",
                state.rows[-1],
                (state.pictures) / max(1.0, state.seconds),
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


class _Means:
    """Running means of the parts of the loss between two rows of the log."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def add(self, row: dict[str, float]) -> None:
        self.rows.append(row)

    def taken(self) -> dict[str, float]:
        """Return the means, and begin anew."""
        rows, self.rows = self.rows, []
        return {name: round(sum(row[name] for row in rows) / len(rows), 3) for name in rows[0]}


Gradients = tuple[Tensor | None, ...]


def _update(
    learner: Learner,
    batch: Batch,
    tokenizer: Any,
    recipe: Recipe,
    state: Progress,
    progress: float,
    threads: Executor,
) -> dict[str, float]:
    """Take one step; return its loss and the parts of it.

    Each part of the batch is contrasted within itself. On a CPU the parts are learnt from side by
    side, one core each: no core waits for another in the middle of an operation.
    """
    clip, step = learner.clip, state.step
    clip.train()
    # The patches that are seen are drawn from the step's own seed: a resumed run draws the same
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    count = recipe.seen(progress)
    kept = patches.choose(batch.spots, recipe.grid, count, generator)
    halves = [
        Batch(*part) for part in zip(*(whole.chunk(recipe.parts) for whole in batch), strict=True)
    ]
    weights = learner.weights()

    def learnt(part: tuple[Batch, Tensor]) -> tuple[Gradients, dict[str, float]]:
        some, seen = part
        clip.visual.patch_dropout.kept = seen if count < recipe.grid**2 else None
        with torch.autocast(some.images.device.type, torch.bfloat16, cache_enabled=False):
            losses = loss.of(clip, learner.heads, some, tokenizer, recipe, step)
        total = torch.stack(list(losses.values())).sum() / recipe.parts
        clip.visual.patch_dropout.kept = None
        found = torch.autograd.grad(total, weights, allow_unused=True)
        return found, {name: float(value.detach()) for name, value in losses.items()}

    run = threads.map if batch.images.device.type == "cpu" else map
    results = list(run(learnt, zip(halves, kept.chunk(recipe.parts), strict=True)))
    for weight, *found in zip(weights, *(gradients for gradients, _ in results), strict=True):
        known = [gradient for gradient in found if gradient is not None]
        weight.grad = torch.stack(known).sum(0) if known else None
    torch.nn.utils.clip_grad_norm_(clip.parameters(), 1.0)
    share = recipe.pace(step - state.warm_from, progress)
    learner.step((recipe.block_rate * share, recipe.rate * share), threads)
    with torch.no_grad():
        clip.logit_scale.clamp_(0, MOST_SCALE)
    names = results[0][1]
    means = {name: sum(row[name] for _, row in results) / recipe.parts for name in names}
    return {"loss": sum(means.values()), **means}


def _sample_texts(tokenizer: Any, recipe: Recipe) -> Tensor:
    seed = recipe.seed
    captions = [caption_of(seed, number, scene_of(seed, number)) for number in range(600)]
    everything = range(len(NOUNS))
    phrases = [loss.prompts(tokenizer, rng_of(seed, k), everything) for k in range(4)]
    return torch.cat([tokenizer(captions), *phrases])


def _export(
    out: Path, clip: Any, tokenizer: Any, recipe: Recipe, state: Progress, pictures: int
) -> None:
    clip.eval()
    figures = heldout(
        clip,
        tokenizer,
        seed=recipe.heldout_seed,
        pictures=pictures,
        size=recipe.image_size,
        patch=recipe.patch_size,
    )
    if state.rows:
        state.rows[-1] = {**state.rows[-1], **export.curve(figures)}
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
    parser = argparse.ArgumentParser(
        prog="python -m workbench.demo.training.train", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="where the model is exported to")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints/demo"))
    parser.add_argument("--pictures", type=int, help="end after so many pictures")
    parser.add_argument("--minutes", type=float, help="end after so many minutes of training")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--from", dest="begin", type=Path, help="a checkpoint to begin with")
    parser.add_argument("--slim", type=Path, help="write the last checkpoint there, small, and end")
    parser.add_argument("--export-every", type=float, default=15.0, metavar="MINUTES")
    options = parser.parse_args(arguments)
    if options.slim:
        slim(options.checkpoints / CHECKPOINT, options.slim)
        return 0
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
        begin=options.begin,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
