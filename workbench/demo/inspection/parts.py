"""Two made things of the inspection set: an assembled circuit board and a printed label.

Both are drawn flat at twice the sheet's resolution and shrunk, which antialiases them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from PIL import ImageDraw

from workbench.demo.inspection.bench import FRAME, Sheet
from workbench.demo.inspection.drawing import DETAIL, Colour, Drawing, rectangle
from workbench.demo.inspection.noise import grain, smooth, soften


@dataclass(frozen=True)
class Part:
    """One element of an assembly: what it is, where it sits (x, y) and how it is turned.

    Its number finds its own small misfit, whichever other parts are there.
    """

    kind: str
    x: float
    y: float
    turn: float = 0.0
    tone: int = 0
    number: int = 0


SILVER, BLACK, GOLD = (196, 198, 200), (34, 34, 36), (206, 172, 92)
WHITE, MASK = (226, 230, 224), (20, 88, 58)
LED = ((214, 52, 44), (232, 190, 48), (70, 176, 84), (70, 120, 214))


def _chip(_tone: int) -> Drawing:
    d = Drawing(122, 96, BLACK, clear=True)
    for k in range(8):
        d.box((1, 8 + 10.5 * k, 121, 13 + 10.5 * k), SILVER, 70, 120)
    d.box((13, 2, 109, 94), BLACK, 150, 25, 3)
    d.oval((19, 8, 27, 16), (70, 70, 72), 130)
    d.text((61, 46), "LK-32", 15, (150, 150, 150))
    d.text((61, 64), "2604 A", 10, (130, 130, 130))
    return d


def _timer(_tone: int) -> Drawing:
    d = Drawing(78, 56, BLACK, clear=True)
    for k in range(4):
        d.box((1, 7 + 12 * k, 77, 12 + 12 * k), SILVER, 70, 120)
    d.box((13, 2, 65, 54), BLACK, 150, 25, 3)
    d.oval((18, 6, 24, 12), (70, 70, 72), 130)
    d.text((39, 29), "8X", 15, (150, 150, 150))
    return d


def _resistor(tone: int) -> Drawing:
    d = Drawing(78, 22, BLACK, clear=True)
    d.box((0, 9.5, 78, 12.5), SILVER, 60, 120)
    d.box((17, 2, 61, 20), (212, 186, 140), 150, 60, 8)
    bands = ((122, 74, 40), (30, 30, 30), (206, 60, 44), (204, 168, 80))
    for k, band in enumerate(bands):
        d.box((23 + 9 * k, 2, 27.5 + 9 * k, 20), bands[(k + tone) % 4] if k < 3 else band, 150, 60)
    return d


def _smd(tone: int) -> Drawing:
    d = Drawing(38, 22, SILVER, clear=True)
    d.box((1, 1, 37, 21), SILVER, 70, 130)
    d.box((8, 1, 30, 21), (44, 44, 48) if tone == 0 else (168, 132, 92), 80, 30)
    if tone == 0:
        d.text((19, 11), "103", 10, (220, 220, 220))
    return d


def _capacitor(_tone: int) -> Drawing:
    d = Drawing(62, 62, BLACK, clear=True)
    d.oval((1, 1, 61, 61), (36, 44, 84), 170, 60)
    d.oval((6, 6, 56, 56), (184, 187, 190), 210, 140)
    ImageDraw.Draw(d.rgb).chord(
        [12 * DETAIL / 2] * 2 + [112 * DETAIL / 2] * 2, 150, 210, fill=(50, 56, 92)
    )
    d.line([(31, 18), (31, 44)], (150, 153, 156), 1.5)
    d.line([(18, 31), (44, 31)], (150, 153, 156), 1.5)
    return d


def _led(tone: int) -> Drawing:
    d = Drawing(32, 32, BLACK, clear=True)
    body = LED[tone]
    d.oval((1, 1, 31, 31), body, 120, 120)
    d.oval((5, 5, 27, 27), tuple(min(255, v + 22) for v in body), 170, 200)  # type: ignore[arg-type]
    d.oval((9, 8, 16, 15), tuple(min(255, v + 80) for v in body), 170, 200)  # type: ignore[arg-type]
    return d


def _header(_tone: int) -> Drawing:
    d = Drawing(150, 34, BLACK, clear=True)
    d.box((1, 1, 149, 33), BLACK, 120, 30, 2)
    for column in range(8):
        for row in range(2):
            x, y = 10 + column * 17.5, 8 + row * 13
            d.box((x, y, x + 7, y + 6), GOLD, 200, 200)
    return d


def _crystal(_tone: int) -> Drawing:
    d = Drawing(70, 30, BLACK, clear=True)
    d.box((1, 1, 69, 29), SILVER, 130, 150, 14)
    d.box((4, 4, 66, 26), (208, 210, 212), 150, 180, 11)
    d.text((35, 15), "16.000", 11, (110, 112, 114))
    return d


PARTS: dict[str, Callable[[int], Drawing]] = {
    "chip": _chip,
    "timer": _timer,
    "resistor": _resistor,
    "smd": _smd,
    "capacitor": _capacitor,
    "led": _led,
    "header": _header,
    "crystal": _crystal,
}
PADS: dict[str, tuple[tuple[float, float], ...]] = {
    "chip": tuple((sx * 57.0, -37.5 + 10.5 * k) for sx in (-1, 1) for k in range(8)),
    "timer": tuple((sx * 35.0, -18.5 + 12 * k) for sx in (-1, 1) for k in range(4)),
    "resistor": ((-37, 0), (37, 0)),
    "smd": ((-14, 0), (14, 0)),
    "capacitor": ((-12, 0), (12, 0)),
    "led": ((-7, 0), (7, 0)),
    "header": tuple((-61.5 + 17.5 * k, y) for k in range(8) for y in (-6, 7)),
    "crystal": ((-20, 0), (20, 0)),
}
LAYOUT: tuple[Part, ...] = tuple(
    replace(part, number=k)
    for k, part in enumerate(
        (
            Part("chip", 206, 190),
            Part("timer", 376, 150),
            Part("crystal", 214, 282),
            *(Part("resistor", 92, 150 + 30 * k, tone=k % 3) for k in range(5)),
            *(Part("smd", 316 + 48 * (k % 3), 232 + 34 * (k // 3), tone=k // 3) for k in range(6)),
            *(Part("capacitor", 92 + 74 * k, 366) for k in range(3)),
            *(Part("led", 316 + 42 * k, 386, tone=k) for k in range(4)),
            Part("header", 372, 322),
            Part("header", 262, 104),
        )
    )
)


def board(rng: Generator, layout: tuple[Part, ...] = LAYOUT) -> Sheet:
    """A circuit board with its parts on it, each a little off its place."""
    d = Drawing(FRAME, FRAME, MASK)
    shade = tuple(round(v * rng.uniform(0.94, 1.06)) for v in MASK)
    left, top, right, bottom = 30, 72, 482, 440
    d.box((0, 0, FRAME, FRAME), shade, 0, 70)  # type: ignore[arg-type]
    _traces(d, tuple(min(255, v + 16) for v in shade))  # type: ignore[arg-type]
    for x, y in ((52, 94), (460, 94), (52, 418), (460, 418)):
        d.oval((x - 15, y - 15, x + 15, y + 15), GOLD, 10, 150)
        d.oval((x - 8, y - 8, x + 8, y + 8), (18, 18, 20), 0, 0)
    d.text((124, 104), "LAKE", 26, WHITE)
    d.text((436, 424), "REV C", 11, WHITE, "rm")
    d.text((92, 130), "R1-R5", 11, WHITE)
    d.text((334, 358), "D1-D4", 11, WHITE)
    d.text((376, 205), "R6-R11", 11, WHITE)
    d.text((166, 324), "C1-C3", 11, WHITE)
    for place in LAYOUT:
        for right_of, below in PADS[place.kind]:
            px, py = place.x + right_of, place.y + below
            d.oval((px - 4.5, py - 4.5, px + 4.5, py + 4.5), SILVER, 15, 130)
            d.oval((px - 1.5, py - 1.5, px + 1.5, py + 1.5), (60, 60, 60), 5, 0)
    offsets = rng.normal(0, 0.8, (len(LAYOUT), 3))
    for part in layout:
        dx, dy, turn = offsets[part.number]
        d.paste(PARTS[part.kind](part.tone), part.x + dx, part.y + dy, part.turn + turn)
    height = soften(d.layer(d.height), 2.5) * np.float32(11)
    gloss = d.layer(d.gloss)
    rgb = np.array(d.rgb.reduce(DETAIL), dtype=np.float32) / np.float32(255)
    rgb = rgb * (1 + 0.02 * grain(rng, FRAME) + 0.02 * smooth(rng, FRAME, 3))[:, :, None]
    return Sheet(rgb.astype(np.float32), height, gloss, rectangle(left, top, right, bottom, 10))


def without(layout: tuple[Part, ...], index: int) -> tuple[Part, ...]:
    """Return the layout with one part left out."""
    return layout[:index] + layout[index + 1 :]


def moved(
    layout: tuple[Part, ...], index: int, *, turn: float, x: float, y: float
) -> tuple[Part, ...]:
    """Return the layout with one part elsewhere, turned by degrees."""
    part = replace(layout[index], turn=turn, x=x, y=y)
    return (*without(layout, index), part)


def _traces(d: Drawing, colour: Colour) -> None:
    lanes = np.random.default_rng(11)
    for _ in range(46):
        x, y = lanes.uniform(50, 460), lanes.uniform(90, 420)
        run, rise = lanes.choice([-1, 1]) * lanes.uniform(20, 90), lanes.choice([-1, 1]) * 14
        far = lanes.uniform(10, 60) * np.sign(run)
        d.line(
            [
                (x, y),
                (x + run, y),
                (x + run + abs(rise) * np.sign(run), y + rise),
                (x + run + abs(rise) * np.sign(run) + far, y + rise),
            ],
            colour,
            2.4,
        )
        d.oval((x - 4, y - 4, x + 4, y + 4), colour, 0, 80)
        d.oval((x - 1.6, y - 1.6, x + 1.6, y + 1.6), (12, 40, 28), 0, 0)


def label(rng: Generator) -> Sheet:
    """A printed jar label: bands, a mark, lines of print, a bar code."""
    paper = tuple(round(v * rng.uniform(0.98, 1.01)) for v in (243, 236, 220))
    d = Drawing(FRAME, FRAME, paper)  # type: ignore[arg-type]
    ink, leaf, sun = (60, 52, 44), (42, 96, 74), (214, 138, 40)
    left, top, right, bottom = 44, 84, 468, 428
    d.box((left, top, right, top + 62), leaf)
    d.box((left, top + 66, right, top + 71), sun)
    d.text((256, top + 32), "MOUNTAIN HONEY", 35, (244, 238, 222))
    d.oval((74, 176, 190, 292), sun)
    d.oval((84, 186, 180, 282), (238, 178, 64))
    for k in range(7):
        a = k * np.pi / 3
        x, y = (132, 234) if k == 6 else (132 + 28 * np.cos(a), 234 + 28 * np.sin(a))
        hexagon = [
            (x + 14 * np.cos(b), y + 14 * np.sin(b)) for b in np.arange(7) * np.pi / 3 + np.pi / 6
        ]
        d.line(hexagon, (150, 84, 20), 3)
    d.text((212, 186), "Wild flower", 26, ink, "lm")
    d.text((212, 220), "gathered by hand above 900 m", 15, ink, "lm")
    d.text((212, 242), "unheated, not blended", 15, ink, "lm")
    d.text((212, 278), "500 g", 34, leaf, "lm")
    d.line([(64, 312), (448, 312)], leaf, 2)
    for row, words in enumerate(
        (
            "Keep dry and below 25 C.",
            "Best before: see lid.",
            "Lake Apiary, 12 Shore Road",
            "Batch L-2604",
        )
    ):
        d.text((66, 332 + 19 * row), words, 13.5, ink, "lm")
    code = np.random.default_rng(2604)
    bar = 300.0
    while bar < 440:
        width = float(code.choice([2.0, 3.0, 4.5]))
        d.box((bar, 328, bar + width, 392), (30, 30, 32))
        bar += width + float(code.choice([2.0, 3.0, 4.0]))
    d.text((370, 403), "4 026041 078020", 13, ink)
    rgb = np.array(d.rgb.reduce(DETAIL), dtype=np.float32) / np.float32(255)
    fibre = 0.012 * grain(rng, FRAME) + 0.012 * smooth(rng, FRAME, 120)
    rgb = rgb * (1 + fibre)[:, :, None]
    height = 0.10 * smooth(rng, FRAME, 100) + 1.0 * smooth(rng, FRAME, 3)
    cover = rectangle(left, top, right, bottom, 16)
    return Sheet(
        rgb.astype(np.float32),
        (height + 2 * soften(cover, 3)).astype(np.float32),
        np.full((FRAME, FRAME), 0.12, np.float32),
        cover,
    )
