"""What can be wrong in a picture of the training world, one function per kind of damage.

Each changes a `Canvas` in place around `spot` (y, x in 0..1), `reach` wide (in widths of the
picture) and `strength` strong (about 0.3 faint, 1 plain).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from workbench.demo.noise import (
    Colours,
    Field,
    blob,
    coordinates,
    fractal,
    mix,
    smooth,
    soften,
    step,
    stroke,
    wander,
)


@dataclass
class Canvas:
    """A picture in the making: the product over its background (colours and cover in 0..1)."""

    background: Colours
    rgb: Colours
    alpha: Field

    @property
    def size(self) -> int:
        """Return the width in pixels."""
        return int(self.alpha.shape[0])

    def flat(self) -> Colours:
        """Return the product laid over its background."""
        return mix(self.background, self.rgb, self.alpha)


Spot = tuple[float, float]
Damage = Callable[[Generator, Canvas, Spot, float, float], None]


def _tint(rng: Generator, canvas: Canvas, share: Field, dark: bool) -> None:
    tone = rng.uniform(0, 0.2, 3) if dark else rng.uniform(0.8, 1.0, 3)
    canvas.rgb = mix(canvas.rgb, tone.astype(np.float32), share)


def scratched(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """One to four thin strokes, light or dark, with a burr."""
    size = canvas.size
    dark = rng.random() < 0.4
    for _ in range(int(rng.integers(1, 5))):
        start = (spot[0] + rng.normal(0, 0.02), spot[1] + rng.normal(0, 0.02))
        path = wander(rng, start, reach * 2.2, 4, 0.12)
        line = stroke(size, path, rng.uniform(0.8, 2.2))
        _tint(rng, canvas, line * np.float32(0.35 + 0.6 * strength), dark)
        canvas.rgb = canvas.rgb - 0.3 * np.roll(line, 2, 0)[:, :, None] * np.float32(strength)


def cracked(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """A dark branching line of many turns."""
    trunk = wander(rng, spot, reach * 2.6, 14, 0.55)
    lines = stroke(canvas.size, trunk, rng.uniform(1.2, 2.6))
    for _ in range(int(rng.integers(1, 4))):
        branch = wander(rng, trunk[int(rng.integers(3, 12))], reach * 1.2, 7, 0.5)
        lines = np.maximum(lines, stroke(canvas.size, branch[3:], 1.2))
    _tint(rng, canvas, lines * np.float32(0.5 + 0.5 * strength), dark=True)


def stained(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """A spilt liquid: an uneven tint with a darker rim."""
    share = blob(rng, canvas.size, spot, reach, 0.3)
    rim = share * (1 - soften(share, reach * canvas.size * 0.25))
    tone = rng.uniform(0.05, 0.75, 3).astype(np.float32)
    cover = (0.3 + 0.4 * strength) * share + 0.4 * rim
    canvas.rgb = mix(canvas.rgb, canvas.rgb * tone * np.float32(1.2), np.clip(cover, 0, 1))


def dented(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """A hollow: dark on one side, light on the other."""
    y, x = coordinates(canvas.size)
    dy, dx = (y - np.float32(spot[0])) / np.float32(reach), (x - np.float32(spot[1])) / reach
    bump = np.exp(-1.6 * (dy * dy + dx * dx))
    light = rng.uniform(0, 2 * np.pi)
    slope = (dy * np.float32(np.sin(light)) + dx * np.float32(np.cos(light))) * bump
    relief = slope * (0.5 + 0.7 * strength) - 0.15 * bump
    canvas.rgb = np.clip(canvas.rgb * (1 + relief[:, :, None]), 0, 1).astype(np.float32)


def holed(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """An opening with a frayed edge through which the background shows."""
    share = blob(rng, canvas.size, spot, reach * rng.uniform(0.4, 0.7), 0.3)
    rim = soften(share, reach * canvas.size * 0.2) * (1 - share)
    canvas.rgb = canvas.rgb * (1 - np.float32(0.5 * strength) * rim[:, :, None])
    canvas.alpha = canvas.alpha * (1 - share)


def contaminated(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """Foreign specks or fibres that lie on the product."""
    size, colour = canvas.size, rng.random(3).astype(np.float32)
    cover = np.zeros((size, size), np.float32)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 4))):
            fibre = wander(rng, spot, reach * 1.8, 10, 0.45)
            cover = np.maximum(cover, stroke(size, fibre, rng.uniform(1.2, 2.6)))
    else:
        near = blob(rng, size, spot, reach, 0.3)
        count = int(rng.integers(24, 60))
        cover = near * step(smooth(rng, size, count), 0.9, 0.4)
    shadow = np.roll(cover, (2, 2), (0, 1)) * np.float32(0.4)
    canvas.rgb = mix(
        canvas.rgb * (1 - shadow[:, :, None]), colour, cover * np.float32(0.4 + 0.6 * strength)
    )


def discoloured(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """A region whose hue is off, without an edge."""
    share = soften(blob(rng, canvas.size, spot, reach * 1.2, 0.2), 8)
    tone = 1 + rng.normal(0, 0.45 * strength + 0.1, 3).astype(np.float32)
    canvas.rgb = np.clip(mix(canvas.rgb, canvas.rgb * tone, np.clip(share, 0, 1)), 0, 1)


def cut(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """A piece missing from the edge inwards."""
    y, x = coordinates(canvas.size)
    angle = rng.uniform(0, 2 * np.pi)
    side = (y - spot[0]) * np.sin(angle) + (x - spot[1]) * np.cos(angle)
    bite = np.hypot(y - spot[0], x - spot[1]) < reach * (0.7 + 0.5 * strength)
    gone = bite & (side + 0.01 * smooth(rng, canvas.size, 20) > -0.3 * reach)
    canvas.alpha = np.where(gone, 0, canvas.alpha).astype(np.float32)


def broken(rng: Generator, canvas: Canvas, spot: Spot, _reach: float, strength: float) -> None:
    """Broken in two: one side has moved and turned away."""
    y, x = coordinates(canvas.size)
    angle = rng.uniform(0, 2 * np.pi)
    jag = 0.015 * smooth(rng, canvas.size, 16)
    side = (y - spot[0]) * np.sin(angle) + (x - spot[1]) * np.cos(angle) + jag
    move = (0.02 + 0.04 * strength) * canvas.size
    shift = (
        round(move * np.sin(angle) + rng.normal(0, 2)),
        round(move * np.cos(angle) + rng.normal(0, 2)),
    )
    far = np.roll(side, shift, (0, 1)) > 0
    near = side < 0
    rgb, alpha = np.roll(canvas.rgb, shift, (0, 1)), np.roll(canvas.alpha, shift, (0, 1))
    canvas.rgb = np.where(far[:, :, None], rgb, canvas.rgb)
    canvas.alpha = np.where(far, alpha, np.where(near, canvas.alpha, 0)).astype(np.float32)


def bent(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """A region pushed sideways, its lines bent with it."""
    size = canvas.size
    y, x = coordinates(size)
    reach = reach * 1.3
    bump = np.exp(-2.0 * ((y - spot[0]) ** 2 + (x - spot[1]) ** 2) / reach**2)
    angle = rng.uniform(0, 2 * np.pi)
    push = reach * (0.3 + 0.35 * strength) * bump
    rows = np.clip((y - push * np.sin(angle)) * size, 0, size - 1).astype(np.int32)
    columns = np.clip((x - push * np.cos(angle)) * size, 0, size - 1).astype(np.int32)
    canvas.rgb, canvas.alpha = canvas.rgb[rows, columns], canvas.alpha[rows, columns]


def misprinted(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """Printed twice, a little apart, within a region."""
    share = soften(blob(rng, canvas.size, spot, reach * 1.6, 0.1), 6) * canvas.alpha
    shift = tuple(int(s) for s in rng.choice([-6, -5, -4, 4, 5, 6], 2))
    ghost = np.minimum(canvas.rgb, np.roll(canvas.rgb, shift, (0, 1)))
    canvas.rgb = mix(canvas.rgb, ghost, np.clip(share, 0, 1) * np.float32(0.5 + 0.5 * strength))


def worn(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """A region rubbed smooth: its pattern is gone."""
    share = blob(rng, canvas.size, spot, reach * 1.2, 0.35)
    bare = np.stack([soften(np.ascontiguousarray(canvas.rgb[:, :, c]), 14) for c in range(3)], 2)
    bare = bare * np.float32(rng.uniform(0.8, 1.25))
    canvas.rgb = np.clip(mix(canvas.rgb, bare, share * np.float32(0.5 + 0.5 * strength)), 0, 1)


def rusty(rng: Generator, canvas: Canvas, spot: Spot, reach: float, strength: float) -> None:
    """Patchy orange-brown corrosion."""
    near = soften(blob(rng, canvas.size, spot, reach * 1.3, 0.4), 6)
    share = np.clip(near, 0, 1) * step(fractal(rng, canvas.size, 10, 4, 0.8), 0.1, 0.6)
    rust = np.array([0.48, 0.25, 0.1], np.float32) * np.float32(rng.uniform(0.7, 1.2))
    canvas.rgb = mix(canvas.rgb, rust, share * np.float32(0.4 + 0.6 * strength))


# the damage, adjectives, nouns ("with ..."), where it can happen
CONDITIONS: dict[str, tuple[Damage, tuple[str, ...], tuple[str, ...], str]] = {
    "scratched": (scratched, ("scratched",), ("a scratch", "scratches"), "both"),
    "cracked": (cracked, ("cracked",), ("a crack", "cracks"), "both"),
    "stained": (stained, ("stained",), ("a stain", "a spot"), "both"),
    "dented": (dented, ("dented",), ("a dent", "a bump"), "both"),
    "hole": (holed, ("punctured", "pierced"), ("a hole", "an opening"), "both"),
    "contaminated": (
        contaminated,
        ("contaminated", "dirty"),
        ("dirt", "foreign particles", "contamination"),
        "both",
    ),
    "discoloured": (discoloured, ("discoloured", "faded"), ("a wrong colour",), "both"),
    "cut": (cut, ("chipped", "incomplete"), ("a missing piece", "a missing part"), "object"),
    "broken": (broken, ("broken", "split"), ("a break",), "object"),
    "bent": (bent, ("bent", "deformed"), ("a bend", "a distortion"), "both"),
    "misprinted": (misprinted, ("misprinted",), ("a print error", "double print"), "label"),
    "worn": (worn, ("worn", "rubbed"), ("wear", "an abrasion"), "both"),
    "rusty": (rusty, ("rusty", "corroded"), ("rust", "corrosion"), "both"),
    "missing": (cut, ("incomplete",), ("a missing object", "one missing"), "set"),
}
