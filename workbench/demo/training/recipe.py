"""The demo CLIP in numbers: its architecture and how it is trained."""

from dataclasses import dataclass, field, replace
from typing import Any

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def _architecture() -> dict[str, Any]:
    return {
        "embed_dim": 256,
        "vision_cfg": {
            "image_size": 192,
            "patch_size": 12,
            "width": 384,
            "layers": 6,
            "head_width": 64,
        },
        "text_cfg": {"context_length": 32, "width": 192, "heads": 3, "layers": 3},
    }


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training gives, apart from the device's rounding.

    `phases` are (share of the budget, share of the patches seen) in order: most pictures are seen
    with few patches, which is cheap, and the last ones whole, as the tower is used. The rates rise
    over `warmup` steps, stay, and fall over the last `fall` of the budget, so that a training
    stopped before its fall can be given a larger budget. A batch is contrasted in `parts`, each
    within itself. `pool` batches are drawn together and shown `repeats` times.
    """

    architecture: dict[str, Any] = field(default_factory=_architecture)
    seed: int = 0
    heldout_seed: int = 10_001
    batch: int = 128
    parts: int = 2
    pool: int = 4
    repeats: int = 3
    workers: int = 1
    rate: float = 1e-3
    block_rate: float = 4e-3
    warmup: int = 100
    fall: float = 0.35
    decay: float = 0.1
    phrase_weight: float = 1.0
    patch_weight: float = 1.0
    head_weight: float = 0.5
    depth_weight: float = 0.5
    text_pace: float = 0.3
    phases: tuple[tuple[float, float], ...] = ((0.96, 0.25), (0.04, 1.0))

    @property
    def image_size(self) -> int:
        """Return the width of the pictures in pixels."""
        return int(self.architecture["vision_cfg"]["image_size"])

    @property
    def patch_size(self) -> int:
        """Return the width of a patch in pixels."""
        return int(self.architecture["vision_cfg"]["patch_size"])

    @property
    def grid(self) -> int:
        """Return the number of patches along a side of a picture."""
        return self.image_size // self.patch_size

    def seen(self, progress: float) -> int:
        """Return how many patches of a picture the tower sees at `progress` (0..1).

        >>> [Recipe().seen(p) for p in (0.0, 0.99)]
        [64, 256]
        """
        end, share = 0.0, self.phases[-1][1]
        for part, seen in self.phases:
            end += part
            if progress < end:
                share = seen
                break
        return max(1, round(share * self.grid**2))

    def pace(self, step: int, progress: float) -> float:
        """Return the learning rate as a share of its height, `step` steps after a start.

        >>> [Recipe(warmup=10, fall=0.5).pace(s, p) for s, p in ((4, 0.0), (50, 0.4), (90, 0.75))]
        [0.5, 1.0, 0.5]
        """
        up = min(1.0, (step + 1) / self.warmup)
        return up * min(1.0, max(0.0, (1 - progress) / self.fall))

    def with_vocabulary(self, size: int) -> "Recipe":
        """Return the recipe with the text tower's number of tokens filled in."""
        text = {**self.architecture["text_cfg"], "vocab_size": size}
        return replace(self, architecture={**self.architecture, "text_cfg": text})
