"""What is wrong in the inspection set: three kinds of defect for each product.

A defect turns a flawless sheet into a defective one; a `Relayout` says how a board is assembled
wrongly, and the board is drawn anew with everything else the same. `force` runs from 1 (blatant)
to 0 (subtle).
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from workbench.demo.inspection.bench import FRAME, Sheet
from workbench.demo.inspection.noise import (
    blob,
    coordinates,
    fractal,
    grain,
    mix,
    smooth,
    soften,
    step,
    stroke,
    tone,
    wander,
)
from workbench.demo.inspection.parts import LAYOUT, Part, moved, without

Defect = Callable[[Generator, Sheet, float], Sheet]
Relayout = Callable[[Generator, float], tuple[Part, ...]]
Spot = tuple[float, float]


def _between(low: float, high: float, force: float) -> float:
    return low + (high - low) * force


def _spot(rng: Generator, reach: float = 0.26) -> Spot:
    y, x = rng.uniform(0.5 - reach, 0.5 + reach, 2).tolist()
    return y, x


def _on_disc(rng: Generator) -> Spot:
    r, a = rng.uniform(0.16, 0.38), rng.uniform(0, 2 * np.pi)
    return 0.5 + r * float(np.sin(a)), 0.5 + r * float(np.cos(a))


def fabric_hole(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """Threads are gone; frayed ends stand round a dark opening."""
    spot, radius = _spot(rng), _between(0.022, 0.07, force)
    gone = blob(rng, FRAME, spot, radius, 0.35)
    fray = soften(blob(rng, FRAME, spot, radius * 1.35, 0.3), 4)
    rgb = mix(sheet.rgb, sheet.rgb * np.float32(0.85) + np.float32(0.08), np.clip(fray, 0, 1) * 0.7)
    height = sheet.height + 1.5 * fray - 5 * gone
    backing = np.full((FRAME, FRAME, 3), 0.12, np.float32) + 0.02 * grain(rng, FRAME)[:, :, None]
    rgb = mix(rgb, backing.astype(np.float32), gone)
    for _ in range(round(_between(3, 8, force))):
        start = (spot[0] + rng.normal(0, radius * 0.6), spot[1] + rng.normal(0, radius * 0.6))
        end = stroke(FRAME, wander(rng, start, radius * 1.4, 5, 0.4), 2.6)
        rgb = mix(rgb, tone(0.6, 0.63, 0.68), end * np.float32(0.85))
        height = height + 3 * end
    return sheet.changed(rgb=rgb, height=height.astype(np.float32))


def fabric_stain(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """Oil or coffee that has soaked in."""
    spot, radius = _spot(rng), _between(0.05, 0.13, rng.random())
    share = soften(blob(rng, FRAME, spot, radius, 0.22), 7)
    rim = np.clip(share * (1 - soften(share, 22)) * 3, 0, 1)
    colour = tone(0.55, 0.43, 0.30) if rng.random() < 0.6 else tone(0.62, 0.62, 0.60)
    cover = np.clip((0.75 * share + 0.45 * rim) * _between(0.22, 0.95, force), 0, 1)
    return sheet.changed(rgb=mix(sheet.rgb, sheet.rgb * colour, cover.astype(np.float32)))


def fabric_thread(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """A loose thread lies on the cloth."""
    path = wander(rng, _spot(rng, 0.18), _between(0.16, 0.5, force), 26, 0.32)
    line = stroke(FRAME, path, _between(2.6, 4.6, force))
    tones = ([0.88, 0.88, 0.86], [0.16, 0.17, 0.22], [0.62, 0.18, 0.16])
    colour = tone(*tones[int(rng.integers(3))])
    shadow = np.roll(soften(line, 4), (4, 3), (0, 1)) * np.float32(0.5)
    rgb = mix(sheet.rgb * (1 - shadow[:, :, None]), colour, line * np.float32(0.95))
    return sheet.changed(rgb=rgb, height=sheet.height * (1 - line) + 4 * soften(line, 2))


def metal_scratch(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """Bright scores across the brushing."""
    rgb, height = sheet.rgb, sheet.height
    spot, direction = _on_disc(rng), rng.uniform(0, 2 * np.pi)
    for _ in range(round(_between(1, 4, force))):
        start = (spot[0] + rng.normal(0, 0.03), spot[1] + rng.normal(0, 0.03))
        length = _between(0.09, 0.3, force) * rng.uniform(0.6, 1.1)
        path = wander(rng, start, length, 8, 0.06, direction + rng.normal(0, 0.2))
        line = stroke(FRAME, path, rng.uniform(1.2, 2.6))
        rgb = mix(rgb, tone(0.93, 0.94, 0.96), line * np.float32(_between(0.4, 0.85, force)))
        dark = np.roll(line, (2, 1), (0, 1)) * np.float32(_between(0.2, 0.5, force))
        rgb = rgb * (1 - dark[:, :, None])
        height = height - line
    return sheet.changed(rgb=rgb.astype(np.float32), height=height.astype(np.float32))


def metal_dent(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """Something struck it: a hollow with a raised rim."""
    (cy, cx), radius = _on_disc(rng), _between(0.03, 0.075, force)
    y, x = coordinates(FRAME)
    d = np.hypot((y - cy) * rng.uniform(0.8, 1.25), x - cx) / radius
    d = d + 0.08 * smooth(rng, FRAME, 24)
    hollow = -np.exp(-1.8 * d**2) + 0.28 * np.exp(-12 * (d - 1.15) ** 2)
    depth = _between(6, 16, force) * radius / 0.05
    darker = np.clip(np.exp(-1.5 * d**2), 0, 1) * np.float32(0.16)
    return sheet.changed(
        rgb=(sheet.rgb * (1 - darker[:, :, None])).astype(np.float32),
        height=(sheet.height + depth * hollow).astype(np.float32),
    )


def metal_rust(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """Corrosion in patches."""
    near = soften(blob(rng, FRAME, _on_disc(rng), _between(0.05, 0.13, force), 0.4), 10)
    patches = step(fractal(rng, FRAME, 22, 4, 0.75), _between(0.5, -0.2, force), 0.5)
    share = np.clip(near, 0, 1) * patches * np.float32(_between(0.5, 0.92, force))
    colour = tone(0.47, 0.25, 0.12) * (1 + 0.25 * smooth(rng, FRAME, 60))[:, :, None]
    return sheet.changed(
        rgb=mix(sheet.rgb, colour.astype(np.float32), share.astype(np.float32)),
        height=sheet.height + share * 0.8 * smooth(rng, FRAME, 150),
        gloss=sheet.gloss * (1 - share),
    )


def granite_crack(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """A branching crack."""
    spot = _spot(rng, 0.15)
    trunk = wander(rng, spot, _between(0.22, 0.6, force), 30, 0.38)
    lines = stroke(FRAME, trunk, _between(2.2, 4.2, force))
    for _ in range(round(_between(0, 3, force))):
        branch = wander(rng, trunk[int(rng.integers(6, 26))], 0.2, 14, 0.4)
        lines = np.maximum(lines, stroke(FRAME, branch[7:], 2.2))
    rgb = mix(sheet.rgb, tone(0.08, 0.075, 0.07), lines * np.float32(_between(0.6, 0.9, force)))
    pale = np.roll(lines, (3, 2), (0, 1)) * np.float32(0.25)
    return sheet.changed(
        rgb=mix(rgb, tone(0.85, 0.83, 0.8), pale * (1 - lines)),
        height=sheet.height - 2 * lines,
        gloss=sheet.gloss * (1 - lines),
    )


def granite_chip(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """A splinter has come off: a rough, dull, paler hollow."""
    share = blob(rng, FRAME, _spot(rng), _between(0.028, 0.08, force), 0.4)
    rough = fractal(rng, FRAME, 36, 3, 0.7)
    pale = tone(0.66, 0.62, 0.57) * (1 + 0.10 * rough)[:, :, None]
    colour = sheet.rgb * np.float32(0.15) + np.float32(0.85) * pale
    hollow = soften(share, 7)
    relief = _between(6, 22, force) * hollow - 2.0 * share * rough
    cover = share * np.float32(_between(0.6, 0.95, force))
    return sheet.changed(
        rgb=mix(sheet.rgb, colour.astype(np.float32), cover),
        height=(sheet.height - relief).astype(np.float32),
        gloss=sheet.gloss * (1 - share),
    )


def granite_spill(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """Paint or wax has dripped on it."""
    spot = _spot(rng)
    share = blob(rng, FRAME, spot, _between(0.03, 0.075, force), 0.25)
    for _ in range(round(_between(1, 7, force))):
        near = (spot[0] + rng.normal(0, 0.07), spot[1] + rng.normal(0, 0.07))
        share = np.maximum(share, blob(rng, FRAME, near, rng.uniform(0.006, 0.02), 0.15))
    tones = ([0.86, 0.84, 0.72], [0.62, 0.2, 0.18], [0.2, 0.34, 0.56], [0.3, 0.24, 0.18])
    colour = tone(*tones[int(rng.integers(4))])
    cover = share * np.float32(_between(0.35, 0.92, force))
    return sheet.changed(
        rgb=mix(sheet.rgb, colour, cover),
        height=sheet.height + 3 * soften(share, 5),
        gloss=np.clip(sheet.gloss + 0.4 * share, 0, 1),
    )


def board_missing(rng: Generator, force: float) -> tuple[Part, ...]:
    """One part was never placed, so its pads are bare: a large one if blatant."""
    sizes = {
        "smd": 0,
        "led": 1,
        "resistor": 2,
        "crystal": 3,
        "timer": 4,
        "capacitor": 5,
        "header": 6,
        "chip": 7,
    }
    order = sorted(range(len(LAYOUT)), key=lambda k: (sizes[LAYOUT[k].kind], k))
    near = (len(order) - 1) * force + rng.normal(0, 1.5)
    return without(LAYOUT, order[int(np.clip(round(near), 0, len(order) - 1))])


def board_misplaced(rng: Generator, force: float) -> tuple[Part, ...]:
    """One part is turned and shifted off its pads."""
    movable = [k for k, p in enumerate(LAYOUT) if p.kind not in ("capacitor", "led", "header")]
    index = movable[int(rng.integers(len(movable)))]
    part = LAYOUT[index]
    turn = float(rng.choice([-1, 1])) * _between(9, 38, force)
    slip = rng.uniform(-1, 1, 2) * _between(4, 14, force)
    return moved(LAYOUT, index, turn=turn, x=part.x + float(slip[0]), y=part.y + float(slip[1]))


def board_scratch(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """The solder mask is scored down to the copper."""
    rgb = sheet.rgb
    spot = (float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.15, 0.85)))
    direction = rng.uniform(0, 2 * np.pi)
    for _ in range(round(_between(1, 4, force))):
        start = (spot[0] + rng.normal(0, 0.03), spot[1] + rng.normal(0, 0.03))
        length = _between(0.1, 0.34, force) * rng.uniform(0.6, 1.1)
        path = wander(rng, start, length, 7, 0.09, direction + rng.normal(0, 0.2))
        line = stroke(FRAME, path, _between(1.8, 3.4, force))
        line = line * step(-sheet.height, -5.0, 2.0)
        rgb = mix(rgb, tone(0.78, 0.58, 0.36), line * np.float32(_between(0.55, 0.95, force)))
    return sheet.changed(rgb=rgb)


def label_tear(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """A corner or an edge is torn off; the paper's white core shows."""
    y, x = coordinates(FRAME)
    corners = ((0.165, 0.086), (0.165, 0.914), (0.836, 0.086), (0.836, 0.914))
    cy, cx = corners[int(rng.integers(4))]
    along = rng.uniform(0.0, 0.35)
    if rng.random() < 0.5:
        cy += along * np.sign(0.5 - cy)
    else:
        cx += along * np.sign(0.5 - cx)
    size = _between(0.045, 0.17, force)
    ragged = 0.012 * fractal(rng, FRAME, 14, 4, 0.7)
    distance = np.abs(y - cy) * rng.uniform(0.8, 1.3) + np.abs(x - cx) - size + ragged
    gone, core = step(-distance, 0.0, 0.006), step(-distance, -0.016, 0.008)
    rgb = mix(sheet.rgb, tone(0.93, 0.92, 0.9), core.astype(np.float32))
    return sheet.changed(rgb=rgb, alpha=(sheet.alpha * (1 - gone)).astype(np.float32))


def label_smudge(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """A dirty finger or a wet spot has run over the print."""
    spot = (float(rng.uniform(0.28, 0.74)), float(rng.uniform(0.2, 0.8)))
    share = soften(blob(rng, FRAME, spot, _between(0.045, 0.11, force), 0.3), 10)
    share = np.clip(share, 0, 1) * np.float32(_between(0.35, 0.9, force))
    smeared = np.stack(
        [soften(np.roll(np.ascontiguousarray(sheet.rgb[:, :, k]), 5, 1), 9) for k in range(3)],
        axis=2,
    )
    streaks = 0.5 + 0.5 * step(smooth(rng, FRAME, 50, 6), 0.0, 1.5)
    dirty = smeared * tone(0.72, 0.66, 0.58)
    return sheet.changed(
        rgb=mix(sheet.rgb, dirty.astype(np.float32), (share * streaks).astype(np.float32))
    )


def label_misprint(rng: Generator, sheet: Sheet, force: float) -> Sheet:
    """The press slipped: a band is printed twice, or its ink is missing."""
    y, x = coordinates(FRAME)
    place, width = rng.uniform(0.3, 0.72), _between(0.03, 0.1, force)
    if rng.random() < 0.5:
        band = step(-np.abs(y - place), -width, 0.01)
        slip = (round(_between(3, 9, force)), round(_between(4, 14, force)))
        ghost = np.minimum(sheet.rgb, np.roll(sheet.rgb, slip, (0, 1)) * np.float32(0.6) + 0.4)
        return sheet.changed(rgb=mix(sheet.rgb, ghost.astype(np.float32), band))
    band = step(-np.abs((y if rng.random() < 0.5 else x) - place), -width * 0.5, 0.01)
    dry = band * step(smooth(rng, FRAME, 40, 80), _between(0.5, -0.8, force), 0.6)
    paper = tone(0.95, 0.925, 0.865)
    return sheet.changed(rgb=mix(sheet.rgb, paper, dry.astype(np.float32) * np.float32(0.92)))
