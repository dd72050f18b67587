"""Three surfaces of the inspection set: a weave, turned metal, polished granite; and the mat."""

import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from workbench.demo.inspection.bench import FRAME, Sheet
from workbench.demo.inspection.noise import (
    Colours,
    Field,
    coordinates,
    fractal,
    grain,
    smooth,
    soften,
    step,
)


def _tone(*rgb: int) -> np.ndarray:
    return np.array(rgb, np.float32) / np.float32(255)


def ones() -> Field:
    """Return a layer of ones."""
    return np.ones((FRAME, FRAME), np.float32)


def fabric(rng: Generator) -> Sheet:
    """A twill of two yarns: blue warp over pale weft, two up and two down."""
    y, x = coordinates(FRAME)
    threads = 58
    sway_y = 0.0016 * smooth(rng, FRAME, 5) + 0.0006 * smooth(rng, FRAME, 4, 40)
    sway_x = 0.0016 * smooth(rng, FRAME, 5) + 0.0006 * smooth(rng, FRAME, 40, 4)
    v, u = (y + sway_y) * threads, (x + sway_x) * threads
    row, column = np.floor(v).astype(np.int32), np.floor(u).astype(np.int32)
    warp_up = ((row + column) % 4) < 2
    across, along = (u - column - 0.5) * 2, (v - row - 0.5) * 2
    bow_warp = np.sqrt(np.clip(1 - 0.9 * across**2, 0, 1))
    bow_weft = np.sqrt(np.clip(1 - 0.9 * along**2, 0, 1))
    phase_warp = np.cos(np.pi * (((row + column) % 4) + along / 2 - 0.0 - 0.5) / 2)
    phase_weft = np.cos(np.pi * (((row + column - 2) % 4) + across / 2 - 0.5) / 2)
    height = np.where(
        warp_up, bow_warp * (0.75 + 0.25 * phase_warp), bow_weft * (0.7 + 0.25 * phase_weft)
    )
    fibre = np.where(warp_up, np.sin(across * 7 + along * 3), np.sin(along * 7 - across * 3))
    shade_of_row = 1 + 0.05 * rng.standard_normal(threads + 8)
    shade_of_column = 1 + 0.05 * rng.standard_normal(threads + 8)
    weft = _tone(196, 200, 205) * np.float32(rng.uniform(0.96, 1.04))
    warp = _tone(52, 82, 132) * np.float32(rng.uniform(0.94, 1.06))
    rgb = np.where(
        warp_up[:, :, None],
        warp * shade_of_column[column % threads][:, :, None],
        weft * shade_of_row[row % threads][:, :, None],
    )
    rgb = rgb * (0.62 + 0.38 * height + 0.05 * fibre)[:, :, None]
    rgb = rgb * (1 + 0.03 * smooth(rng, FRAME, 3) + 0.035 * grain(rng, FRAME))[:, :, None]
    return Sheet(rgb.astype(np.float32), (height * 2.2).astype(np.float32), ones() * 0.04, ones())


def metal(rng: Generator) -> Sheet:
    """A turned disc with a bore and six bolt holes, its brushing round the centre."""
    y, x = coordinates(FRAME)
    dy, dx = (y - 0.5) * 2, (x - 0.5) * 2
    r, angle = np.hypot(dy, dx), np.arctan2(dy, dx)
    lathe = np.interp(r * 400, np.arange(600), rng.standard_normal(600)).astype(np.float32)
    fine = np.interp(r * 1100, np.arange(1600), rng.standard_normal(1600)).astype(np.float32)
    streak = lathe * 0.5 + fine * 0.6 + 0.35 * smooth(rng, FRAME, 90)
    lamp = rng.uniform(-0.35, 0.35) + 0.9
    bow = np.abs(np.cos(angle - lamp)) ** 7 + 0.6 * np.abs(np.cos(angle - lamp - 1.45)) ** 14
    value = 0.50 + 0.30 * bow + streak * (0.030 + 0.030 * bow)
    value = value + 0.015 * smooth(rng, FRAME, 4)
    edge, bore, groove = 0.86, 0.24, 0.60
    start = rng.uniform(0, np.pi / 3)
    holes = np.full_like(r, 9.0)
    for k in range(6):
        a = start + k * np.pi / 3
        holes = np.minimum(holes, np.hypot(dy - 0.42 * np.sin(a), dx - 0.42 * np.cos(a)) - 0.052)
    groove_depth = 0.35 * step(0.04 - np.abs(r - groove), 0.025, 0.03)
    height = np.float32(3.0) * (step(edge - r, 0.03, 0.06) - groove_depth)
    height = height - 2.0 * step(0.03 - holes, 0.015, 0.03)
    height = height - 2.0 * step(bore + 0.03 - r, 0.015, 0.03)
    value = value * (1 - 0.22 * step(0.03 - np.abs(r - groove), 0.012, 0.012))
    value = value * (1 + 0.12 * step(0.022 - np.abs(r - edge + 0.025), 0.008, 0.012))
    value = value * (1 - 0.25 * step(0.02 - np.abs(holes), 0.008, 0.01))
    soft = 4.0 / FRAME
    alpha = step(edge - r, 0.0, soft) * step(r - bore, 0.0, soft) * step(holes, 0.0, soft)
    colour = np.array([0.985, 1.0, 1.025], np.float32)
    rgb = np.clip(value, 0, 1.2)[:, :, None] * colour
    return Sheet(
        rgb.astype(np.float32), height.astype(np.float32), ones() * 0.25, alpha.astype(np.float32)
    )


def granite(rng: Generator) -> Sheet:
    """Polished stone: crystals of four minerals."""
    y, x = coordinates(FRAME)
    count = 7000
    seeds = rng.random((count, 2)) * 1.1 - 0.05
    wobble = 0.003
    points = np.stack([y + wobble * smooth(rng, FRAME, 90), x + wobble * smooth(rng, FRAME, 90)], 2)
    found = cKDTree(seeds).query(points.reshape(-1, 2), k=2)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    first = nearest[:, 0].reshape(FRAME, FRAME)
    border = (distance[:, 1] - distance[:, 0]).reshape(FRAME, FRAME).astype(np.float32)
    cloud = fractal(rng, FRAME, 14, 3, 0.8)
    local = cloud[
        np.clip(seeds[:, 0] * FRAME, 0, FRAME - 1).astype(np.int32),
        np.clip(seeds[:, 1] * FRAME, 0, FRAME - 1).astype(np.int32),
    ]
    rank = np.argsort(np.argsort(local + 0.9 * rng.standard_normal(count))) / count
    minerals = np.stack(
        [_tone(52, 52, 56), _tone(122, 120, 121), _tone(196, 170, 158), _tone(206, 203, 198)]
    )
    kind = np.digitize(rank, [0.16, 0.42, 0.68], right=True)
    crystal = minerals[kind] * (1 + 0.09 * rng.standard_normal((count, 1)))
    rgb: Colours = crystal[first].astype(np.float32)
    rgb = rgb * (0.86 + 0.14 * step(border, 0.0015, 0.004))[:, :, None]
    rgb = rgb * (1 + 0.04 * fractal(rng, FRAME, 60, 2) + 0.025 * grain(rng, FRAME))[:, :, None]
    rgb = rgb * np.float32(rng.uniform(0.95, 1.05))
    mica = (rng.random(count) < 0.02)[first]
    height = 0.12 * smooth(rng, FRAME, 120) + 0.5 * soften(mica.astype(np.float32), 3)
    return Sheet(rgb.astype(np.float32), height.astype(np.float32), ones() * 0.35, ones())


def mat(rng: Generator, tone: tuple[int, int, int], coarse: int = 70) -> Sheet:
    """The ground that a part lies on: a mat with a fine relief."""
    relief = 0.5 * smooth(rng, FRAME, coarse * 2) + 0.5 * smooth(rng, FRAME, coarse)
    speck = 1 + 0.05 * smooth(rng, FRAME, coarse * 2) + 0.05 * smooth(rng, FRAME, 3)
    rgb = _tone(*tone) * speck[:, :, None]
    return Sheet(rgb.astype(np.float32), relief.astype(np.float32), ones() * 0.03, ones())
