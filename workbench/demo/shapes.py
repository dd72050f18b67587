"""The objects of the training world: signed distances, and arrangements of them.

A shape is a function of (rng, u, v) with u, v in units of its radius; it returns a distance that
is positive inside, and a shading field.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from workbench.demo.noise import Colours, Field, coordinates, mix, step

Shape = Callable[[Generator, Field, Field], tuple[Field, Field]]


def _box(u: Field, v: Field, a: float, b: float, corner: float) -> Field:
    du, dv = np.abs(u) - (a - corner), np.abs(v) - (b - corner)
    outside = np.sqrt(np.maximum(du, 0) ** 2 + np.maximum(dv, 0) ** 2)
    drawn: Field = (corner - outside - np.minimum(np.maximum(du, dv), 0)).astype(np.float32)
    return drawn


def _polar(u: Field, v: Field) -> tuple[Field, Field]:
    return np.sqrt(u * u + v * v), np.arctan2(v, u)


def disc(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A flat round plate with a raised rim."""
    r, _ = _polar(u, v)
    return 1 - r, (0.85 + 0.15 * (r > 0.82)).astype(np.float32)


def ball(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A round solid lit from above."""
    r, _ = _polar(u, v)
    shine = np.exp(-((u + 0.35) ** 2 + (v + 0.4) ** 2) * 9)
    return 1 - r, (0.55 + 0.45 * np.sqrt(np.clip(1 - r * r, 0, 1)) + 0.5 * shine - 0.15 * v)


def fruit(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A round solid with a dimple and a stalk."""
    r, _ = _polar(u, v * np.float32(1.08))
    dimple = np.exp(-(u**2 + (v + 0.55) ** 2) * 22)
    value = 0.6 + 0.4 * np.sqrt(np.clip(1 - r * r, 0, 1)) - 0.6 * dimple
    return 1 - r + 0.06 * np.cos(3 * u), value


def biscuit(rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A scalloped disc with docking holes."""
    r, t = _polar(u, v)
    count = int(rng.integers(14, 24))
    near = np.hypot((u * 3 + 0.5) % 1 - 0.5, (v * 3 + 0.5) % 1 - 0.5)
    value = 0.8 + 0.15 * (r < 0.8) - 0.5 * (near < 0.12) * (r < 0.75)
    return 0.96 - r + 0.04 * np.cos(count * t), value.astype(np.float32)


def washer(rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A flat ring."""
    r, t = _polar(u, v)
    inner = rng.uniform(0.35, 0.6)
    return np.minimum(1 - r, r - inner), (0.8 + 0.2 * np.cos(t * 2)).astype(np.float32)


def gear(rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A toothed wheel with a bore."""
    r, t = _polar(u, v)
    teeth = int(rng.integers(8, 18))
    edge = 0.88 + 0.12 * np.clip(2.5 * np.cos(teeth * t), -1, 1)
    return np.minimum(edge - r, r - 0.25), (0.75 + 0.2 * (r < 0.6)).astype(np.float32)


def nut(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A hexagon with a threaded hole."""
    r, t = _polar(u, v)
    hexagon = 0.87 - r * np.cos((t + np.pi / 6) % (np.pi / 3) - np.pi / 6)
    return np.minimum(hexagon, r - 0.45), (0.8 - 0.25 * (r < 0.6)).astype(np.float32)


def screw(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A head and a threaded shank, seen from the side."""
    head = _box(u + 0.8, v, 0.2, 0.42, 0.08)
    thread = _box(u - 0.18, v, 0.82, 0.17 + 0.0, 0.05) + 0.03 * np.cos(u * 45)
    return np.maximum(head, thread), (0.7 + 0.3 * np.cos(u * 45) * (u > -0.6) - 0.5 * np.abs(v))


def capsule(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A pill of two halves."""
    body = _box(u, v, 1.0, 0.42, 0.42)
    return body, (0.95 - 0.45 * (u > 0) - 0.7 * v * v).astype(np.float32)


def pill(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A round tablet with a score line."""
    r, _ = _polar(u, v)
    return 1 - r, (0.95 - 0.4 * (np.abs(v) < 0.06) - 0.2 * (r > 0.85)).astype(np.float32)


def bar(rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A long flat rod."""
    return _box(u, v, 1.0, float(rng.uniform(0.16, 0.3)), 0.05), 0.9 - 0.4 * np.abs(v)


def plate(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A rounded plate with four screw holes."""
    body = _box(u, v, 0.95, 0.7, 0.12)
    holes = np.hypot(np.abs(u) - 0.75, np.abs(v) - 0.5) - 0.09
    return np.minimum(body, holes), np.full_like(u, 0.9)


def label(rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A card with lines of print and a bar code."""
    body = _box(u, v, 1.0, 0.68, 0.06)
    words = rng.random((8, 26)) < 0.72
    inked = words[((v + 1) * 6).astype(np.int32) % 8, ((u + 1) * 13).astype(np.int32) % 26]
    lines = ((v * 6) % 1 < 0.5) & inked & (np.abs(u) < 0.86) & (np.abs(v) < 0.52)
    code = (rng.random(40) < 0.5)[((u + 1) * 20).astype(np.int32) % 40] & (v > 0.2)
    lines = np.where((v > 0.12) & (np.abs(v) < 0.58) & (u > -0.1) & (u < 0.88), code, lines)
    return body, (1 - 0.8 * lines).astype(np.float32)


def board(rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """An assembly: a plate that carries rows of small parts."""
    body = _box(u, v, 1.0, 0.75, 0.04)
    rows, columns = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    fu, fv = (u + 1) / 2 * columns, (v + 0.75) / 1.5 * rows
    parts = np.maximum(np.abs(fu % 1 - 0.5), np.abs(fv % 1 - 0.5)) < 0.28
    tone = rng.choice(np.array([0.15, 0.3, 1.5], np.float32), (rows + 2, columns + 2))
    chosen = tone[np.clip(fv, 0, rows).astype(np.int32), np.clip(fu, 0, columns).astype(np.int32)]
    return body, np.where(parts & (body > 0.02), chosen, 0.75).astype(np.float32)


def button(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A disc with four thread holes."""
    r, _ = _polar(u, v)
    holes = np.hypot(np.abs(u) - 0.22, np.abs(v) - 0.22) - 0.12
    return np.minimum(1 - r, holes), (0.75 + 0.2 * (r > 0.75)).astype(np.float32)


def coin(rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A disc with a milled rim and a relief."""
    r, t = _polar(u, v)
    relief = 0.15 * np.cos(t * int(rng.integers(3, 8)) + r * 9) * (r < 0.7)
    return 1 - r, (0.75 + relief + 0.2 * (r > 0.85) * np.cos(t * 60)).astype(np.float32)


def cable(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A cut cable: a sheath around three wires."""
    r, _ = _polar(u, v)
    value = 0.55 + 0 * u
    for k in range(3):
        a = 2 * np.pi * k / 3 + 0.3
        d = np.hypot(u - 0.42 * np.cos(a), v - 0.42 * np.sin(a))
        value = np.where(d < 0.36, 0.9 - 0.25 * k, value)
        value = np.where(d < 0.2, 1.4, value)
    return 1 - r, value.astype(np.float32)


def bottle(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A bottle lying on its side."""
    body = _box(u - 0.2, v, 0.8, 0.4, 0.15)
    neck = _box(u + 0.75, v, 0.28, 0.16, 0.04)
    return np.maximum(body, neck), (0.9 - 0.6 * v * v + 0.3 * (np.abs(v + 0.2) < 0.05))


def ring(_rng: Generator, u: Field, v: Field) -> tuple[Field, Field]:
    """A round cord."""
    r, _ = _polar(u, v)
    tube = np.abs(r - 0.82)
    return 0.18 - tube, (1.1 - tube * tube * 20).astype(np.float32)


# the shape, the words for it
OBJECTS: dict[str, tuple[Shape, tuple[str, ...]]] = {
    "disc": (disc, ("disc", "round plate")),
    "ball": (ball, ("ball", "sphere")),
    "fruit": (fruit, ("fruit", "apple")),
    "biscuit": (biscuit, ("biscuit", "cookie")),
    "washer": (washer, ("washer", "flat ring")),
    "gear": (gear, ("gear", "cogwheel")),
    "nut": (nut, ("nut", "metal nut")),
    "screw": (screw, ("screw", "bolt")),
    "capsule": (capsule, ("capsule",)),
    "pill": (pill, ("pill", "tablet")),
    "bar": (bar, ("bar", "rod")),
    "plate": (plate, ("plate", "panel")),
    "label": (label, ("label", "printed label", "sticker")),
    "board": (board, ("board", "circuit board", "assembly")),
    "button": (button, ("button",)),
    "coin": (coin, ("coin", "medal")),
    "cable": (cable, ("cable", "wire")),
    "bottle": (bottle, ("bottle",)),
    "ring": (ring, ("ring", "seal")),
}

Place = tuple[float, float, float]  # y, x, radius, all in widths of the picture


def places(rng: Generator, arrangement: str) -> list[Place]:
    """Return where the objects of an arrangement stand."""
    jitter = rng.normal(0, 0.02, 2)
    if arrangement == "single":
        return [(0.5 + 2 * jitter[0], 0.5 + 2 * jitter[1], rng.uniform(0.27, 0.44))]
    if arrangement == "pair":
        return [(0.5 + jitter[0], x + jitter[1], rng.uniform(0.17, 0.22)) for x in (0.27, 0.73)]
    if arrangement == "row":
        count = int(rng.integers(3, 6))
        y = rng.uniform(0.35, 0.65)
        return [(y, (k + 0.5) / count, 0.42 / count) for k in range(count)]
    if arrangement == "column":
        count = int(rng.integers(3, 6))
        x = rng.uniform(0.35, 0.65)
        return [((k + 0.5) / count, x, 0.42 / count) for k in range(count)]
    if arrangement == "grid":
        count = int(rng.integers(2, 5))
        cells = range(count)
        return [((j + 0.5) / count, (k + 0.5) / count, 0.4 / count) for j in cells for k in cells]
    chosen = rng.permutation(16)[: rng.integers(5, 9)]
    return [
        (
            (c // 4 + rng.uniform(0.3, 0.7)) / 4,
            (c % 4 + rng.uniform(0.3, 0.7)) / 4,
            rng.uniform(0.08, 0.125),
        )
        for c in chosen.tolist()
    ]


def stamp(
    rng: Generator,
    rgb: Colours,
    alpha: Field,
    shape: Shape,
    place: Place,
    turn: float,
    colour: np.ndarray,
    texture: Field,
) -> None:
    """Draw one object into `rgb` and `alpha`, in place."""
    size = alpha.shape[0]
    cy, cx, radius = place
    reach = radius * 1.15
    rows = slice(max(0, int((cy - reach) * size)), min(size, int((cy + reach) * size) + 2))
    columns = slice(max(0, int((cx - reach) * size)), min(size, int((cx + reach) * size) + 2))
    y, x = (axis[rows, columns] for axis in coordinates(size))
    if y.size == 0:
        return
    dy, dx = (y - np.float32(cy)) / np.float32(radius), (x - np.float32(cx)) / np.float32(radius)
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    inside, value = shape(rng, c * dx + s * dy, c * dy - s * dx)
    cover = step(inside.astype(np.float32), 0.0, 1.6 / (radius * size))
    shade = (value * (0.75 + 0.4 * texture[rows, columns])).astype(np.float32)
    body = np.clip(colour * shade[:, :, None], 0, 1).astype(np.float32)
    rgb[rows, columns] = mix(rgb[rows, columns], body, cover)
    alpha[rows, columns] = np.maximum(alpha[rows, columns], cover)
