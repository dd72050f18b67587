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

    `phases` are (share of the budget, share of the patches dropped) in order: most pictures are
    seen with few patches, which is cheap, and the last ones whole, as the tower is used.
    """

    architecture: dict[str, Any] = field(default_factory=_architecture)
    seed: int = 0
    heldout_seed: int = 10_001
    batch: int = 48
    rate: float = 1e-3
    block_rate: float = 4e-3
    warmup: int = 60
    decay: float = 0.1
    patch_weight: float = 0.5
    question_weight: float = 1.0
    head_weight: float = 1.0
    text_pace: float = 0.3
    phases: tuple[tuple[float, float], ...] = ((0.72, 0.75), (0.14, 0.5), (0.14, 0.0))

    @property
    def image_size(self) -> int:
        """Return the width of the pictures in pixels."""
        return int(self.architecture["vision_cfg"]["image_size"])

    def dropout(self, progress: float) -> float:
        """Return the share of patches dropped at `progress` (0..1).

        >>> [Recipe().dropout(p) for p in (0.0, 0.8, 0.99)]
        [0.75, 0.5, 0.0]
        """
        end = 0.0
        for share, dropped in self.phases:
            end += share
            if progress < end:
                return dropped
        return self.phases[-1][1]

    def with_vocabulary(self, size: int) -> "Recipe":
        """Return the recipe with the text tower's number of tokens filled in."""
        text = {**self.architecture["text_cfg"], "vocab_size": size}
        return replace(self, architecture={**self.architecture, "text_cfg": text})
