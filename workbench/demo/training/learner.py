"""What a training consists of, and its checkpoint: model, optimisers and how far it is."""

import io
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workbench.demo.training.loss import Heads
from workbench.demo.training.recipe import Recipe
from workbench.errors import RunError
from workbench.files import write_bytes


@dataclass
class Progress:
    """How far a training is; all of it is in the checkpoint.

    `warm_from` is the step from which its rates rose last.
    """

    step: int = 0
    warm_from: int = 0
    pictures: int = 0
    seconds: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Learner:
    """What is trained: the CLIP, the helping heads that are thrown away, and their optimisers."""

    clip: Any
    heads: Heads
    steppers: list[torch.optim.Optimizer]

    @classmethod
    def of(cls, clip: Any, recipe: Recipe) -> "Learner":
        """Return a learner with Muon for the matrices of the blocks and AdamW for all else.

        Muon (Jordan et al., 2024) needs clearly fewer steps than AdamW alone, and steps are what
        a small machine has few of. The text tower learns more slowly than the image tower: while
        pictures look alike to the model, texts would only learn to be alike as well.
        """
        heads = Heads(*clip.visual.proj.shape).to(clip.logit_scale.device)
        groups: dict[tuple[bool, bool, bool], list[Tensor]] = {}
        for name, weight in clip.named_parameters():
            key = (
                weight.ndim == 2 and "resblocks" in name,
                name.startswith("visual"),
                weight.ndim >= 2 and "embedding" not in name,
            )
            groups.setdefault(key, []).append(weight)
        groups.setdefault((False, True, True), []).extend(heads.parameters())

        def part(blocks: bool) -> list[dict[str, Any]]:
            return [
                {
                    "params": weights,
                    "pace": 1.0 if seen else recipe.text_pace,
                    "weight_decay": recipe.decay if decayed else 0.0,
                }
                for (block, seen, decayed), weights in groups.items()
                if block == blocks
            ]

        matrices = part(True)
        muons = [
            torch.optim.Muon(
                [{**group, "params": group["params"][k :: recipe.parts]} for group in matrices],
                lr=recipe.block_rate,
                weight_decay=recipe.decay,
                adjust_lr_fn="match_rms_adamw",
            )
            for k in range(recipe.parts)
        ]
        adam = torch.optim.AdamW(part(False), lr=recipe.rate, betas=(0.9, 0.98), eps=1e-6)
        return cls(clip, heads, [*muons, adam])

    def weights(self) -> list[Tensor]:
        """Return all weights that are learnt."""
        return [*self.clip.parameters(), *self.heads.parameters()]

    def step(self, rates: tuple[float, float], threads: Executor) -> None:
        """Take one step at the given rates of Muon and AdamW."""
        *muons, adam = self.steppers
        for stepper, rate in [*((muon, rates[0]) for muon in muons), (adam, rates[1])]:
            for group in stepper.param_groups:
                group["lr"] = rate * group["pace"]
        list(threads.map(lambda stepper: stepper.step(), self.steppers))


def save(path: Path, learner: Learner, state: Progress) -> None:
    """Write the checkpoint in one step."""
    _write(
        path,
        {
            "model": learner.clip.state_dict(),
            "heads": learner.heads.state_dict(),
            "optimisers": [stepper.state_dict() for stepper in learner.steppers],
            "progress": asdict(state),
        },
    )


def slim(path: Path, out: Path) -> None:
    """Write a checkpoint at a quarter of its size: half precision, optimisers left out.

    A training goes on from it with warm rates. Raises `RunError` if `path` is no checkpoint.
    """
    content = _read(path)
    halved = {
        part: {name: weight.half() for name, weight in content[part].items()}
        for part in ("model", "heads")
    }
    _write(out, {**halved, "progress": content["progress"]})


def _write(path: Path, content: dict[str, Any]) -> None:
    packed = io.BytesIO()
    torch.save(content, packed)
    write_bytes(path, packed.getvalue())


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise RunError(f"{path} cannot be resumed ({error}). Remove it to start anew.") from error
    return content


def load(path: Path, learner: Learner) -> Progress:
    """Fill the learner from a checkpoint, slim or not; return how far it was.

    Raises `RunError` if the file is no checkpoint of this recipe. Pickled code is never run.
    """
    content = _read(path)
    try:
        learner.clip.load_state_dict(content["model"])
        learner.heads.load_state_dict(content["heads"])
        state = Progress(**content["progress"])
        if "optimisers" not in content:
            return replace(state, warm_from=state.step)
        for stepper, held in zip(learner.steppers, content["optimisers"], strict=True):
            stepper.load_state_dict(held)
        return state
    except Exception as error:
        raise RunError(f"{path} cannot be resumed ({error}). Remove it to start anew.") from error
