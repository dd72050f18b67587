"""What an optimisation found, and how natural images compare."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

from workbench.clip.neuron_set import NeuronSet
from workbench.files import new_folder, write_bytes
from workbench.neurons.attribution.targets import Patch
from workbench.neurons.inline import img, png

What = Literal["score", "peak"]


@dataclass(frozen=True, eq=False)
class Readings:
    """What a neuron does on plain 8-bit pictures, in its own unit.

    Attributes:
        score: what was optimised: the activation at the patch, or its mean over all patches.
        peak: the activation of the picture's strongest patch (the lowest, for a sign of -1).
    """

    score: Float[np.ndarray, "picture"]
    peak: Float[np.ndarray, "picture"]

    @classmethod
    def joined(cls, parts: "Sequence[Readings]") -> "Readings":
        """Return several as one."""
        return cls(*(np.concatenate([getattr(p, of) for p in parts]) for of in ("score", "peak")))


@dataclass(frozen=True, eq=False)
class Visualisation:
    """Pictures optimised for a neuron, what it answers to them, and to natural images.

    Attributes:
        neuron: the one neuron.
        patch: where it was driven; `None`: its mean over all patches.
        sign: 1 if its activation was raised, -1 if it was lowered.
        seeds: one per picture.
        pictures: 8-bit RGB, of the model's image size.
        curve: the score before each step, of the picture as it was shifted then.
        moved: whether there was a slope at any step; without one a picture is only its start.
        reached: of the final pictures, quantised and not shifted: what the saved files get.
        natural: of the natural images.
    """

    neuron: NeuronSet
    patch: Patch
    sign: int
    seeds: tuple[int, ...]
    pictures: UInt8[np.ndarray, "picture height width 3"] = field(repr=False)
    curve: Float[np.ndarray, "step picture"] = field(repr=False)
    moved: Bool[np.ndarray, "picture"] = field(repr=False)
    reached: Readings = field(repr=False)
    natural: Readings = field(repr=False)

    @property
    def dead(self) -> bool:
        """Whether the neuron was the same for every picture seen, and never had a slope."""
        seen = np.concatenate([part.peak for part in (self.reached, self.natural)])
        return not self.moved.any() and float(np.ptp(seen)) <= 1e-6 * float(np.abs(seen).max())

    def ranks(self, what: What = "score") -> Int[np.ndarray, "picture"]:
        """Return each picture's place among the natural images: 1 if it surpasses all of them."""
        found: Int[np.ndarray, picture] = 1 + (~self._surpassed(what)).sum(1)
        return found

    def percentiles(self, what: What = "score") -> Float[np.ndarray, "picture"]:
        """Return the per cent of natural images that each picture surpasses."""
        found: Float[np.ndarray, picture] = 100 * self._surpassed(what).mean(1)
        return found

    def _surpassed(self, what: What) -> Bool[np.ndarray, "picture image"]:
        reached, natural = (self.sign * getattr(r, what) for r in (self.reached, self.natural))
        found: Bool[np.ndarray, "picture image"] = reached[:, None] > natural
        return found

    def images(self) -> list[Image.Image]:
        """Return the pictures."""
        return [Image.fromarray(picture) for picture in self.pictures]

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write the pictures as `seed-0.png` and so on into a new folder; all or none.

        Raises `RunError` if the folder holds anything already or cannot be written.
        """
        names = [f"seed-{seed}.png" for seed in self.seeds]
        with new_folder(Path(folder)) as part:
            for name, image in zip(names, self.images(), strict=True):
                write_bytes(part / name, png(image))
        return tuple(Path(folder) / name for name in names)

    def _repr_html_(self) -> str:
        goal = f"{self._place} {'raised' if self.sign > 0 else 'lowered'}"
        shown = "".join(
            f'<figure style="margin:0 1em 0 0;display:inline-block">{img(image, name, 160)}'
            f"<figcaption>{name}: {_number(score)}, rank {rank}</figcaption></figure>"
            for image, name, score, rank in zip(
                self.images(),
                [f"seed {seed}" for seed in self.seeds],
                self.reached.score,
                self.ranks(),
                strict=True,
            )
        )
        number = len(self.natural.score)
        extreme = "highest" if self.sign > 0 else "lowest"
        strips = self._against("score", self._place) + self._against(
            "peak", f"{extreme} patch of a picture"
        )
        return (
            f"<p><b>{html.escape(self.neuron.names[0])}</b>: {goal} in "
            f"{len(self.curve)} steps; rank among {number} natural image{'s' * (number > 1)}</p>"
            f"{self._warning()}"
            f"<div>{shown}</div>{strips}"
        )

    def _against(self, what: What, title: str) -> str:
        reached, natural = (getattr(readings, what) for readings in (self.reached, self.natural))
        return (
            f"{_strip(title, reached, natural)}<p>The pictures surpass "
            f"{_span(self.percentiles(what))} % of the images.</p>"
        )

    @property
    def _place(self) -> str:
        if self.patch is None:
            return "mean over patches"
        return f"activation at patch {self.patch[0]}, {self.patch[1]}"

    def _warning(self) -> str:
        if self.dead:
            value = _number(self.reached.score[0])
            return (
                f"<p><b>This neuron is dead here:</b> {value} on every picture, natural or "
                "optimised, with no slope to follow. The pictures show only where the optimisation "
                "began.</p>"
            )
        still = [seed for seed, moved in zip(self.seeds, self.moved, strict=True) if not moved]
        if still:
            return (
                f"<p><b>No slope</b> at any step for seed {', '.join(map(str, still))}: the "
                "picture shows only where the optimisation began.</p>"
            )
        return ""


def _strip(
    title: str, reached: Float[np.ndarray, "picture"], natural: Float[np.ndarray, "image"]
) -> str:
    """Draw both on one axis: natural images as open circles, optimised pictures as diamonds."""
    both = np.concatenate([reached, natural])
    low, high = float(both.min()), float(both.max())
    span = (high - low) or 1.0

    def at(values: Float[np.ndarray, "any"]) -> Float[np.ndarray, "any"]:
        return 10 + 460 * (values - low) / span

    circles = "".join(
        f'<circle cx="{x:.1f}" cy="14" r="4" fill="none" stroke="currentColor" opacity="0.6"/>'
        for x in at(natural)
    )
    diamonds = "".join(f'<path d="M{x:.1f} 8l6 6-6 6-6-6z" fill="#D55E00"/>' for x in at(reached))
    return (
        f'<svg width="480" height="44" role="img" aria-label="{html.escape(title)}: natural '
        f'images as circles, optimised pictures as diamonds">'
        f'<line x1="10" x2="470" y1="24" y2="24" stroke="currentColor"/>{circles}{diamonds}'
        f'<g font-size="12" fill="currentColor"><text x="10" y="40">{_number(low)}</text>'
        f'<text x="240" y="40" text-anchor="middle">{html.escape(title)}</text>'
        f'<text x="470" y="40" text-anchor="end">{_number(high)}</text></g></svg>'
    )


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def _span(values: Float[np.ndarray, "picture"]) -> str:
    ends = [f"{value:.0f}" for value in (values.min(), values.max())]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
