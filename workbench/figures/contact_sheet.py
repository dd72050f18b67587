"""One sheet of what some neurons like best: a row for each, its extreme patches in their places."""

from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.figures.colours import BLACK, VERMILLION, plain_number
from workbench.recording.crops import Box, cut, patch_box
from workbench.recording.exemplars import SIDES, Exemplar, ExemplarTable, Side

_SMALLEST = 24
_PAPER, _INK, _FAINT = "white", "#1F2328", "#59636E"


def contact_sheet(
    view: ExemplarTable,
    neurons: NeuronSet | Iterable[str],
    most: int = 9,
    context: float = 1.0,
    tile: int = 96,
    side: Side = "top",
) -> Image.Image:
    """Return a picture with one row per neuron: its name, its range, and its extreme patches.

    Each tile shows a patch with `context` patches around it, the patch itself outlined and its
    value below; the most extreme comes first. `side` is `top` or `bottom`, `tile` the longer side
    of a tile in pixels.

    Raises `SettingError` for no neuron, a tile below 24 pixels or another side, `DataError` if a
    picture no longer opens, and as `view.top` does.
    """
    names = list(neurons.names if isinstance(neurons, NeuronSet) else neurons)
    if not names:
        raise SettingError("a contact sheet needs at least one neuron, such as SITE:INDEX.")
    if most < 1:
        raise SettingError(f"{most} exemplars of a neuron are asked for; at least 1 is needed.")
    if tile < _SMALLEST:
        raise SettingError(f"a tile of {tile} px shows nothing; use {_SMALLEST} or more.")
    if side not in SIDES:
        raise SettingError(f"there is no side {side!r} of a neuron; use {' or '.join(SIDES)}.")
    rows = [(name, view.of(name, side, most)) for name in names]
    size = max(10, round(tile / 8))
    font = ImageFont.load_default(size)
    line = round(size * 1.25)
    gap = max(4, tile // 16)
    label = max(font.getlength(text) for name, found in rows for text in _label(name, found))
    left = round(label) + 3 * gap
    columns = max(len(found) for _, found in rows)
    step = max(tile + gap + line, 3 * line + gap)
    end = "highest" if side == "top" else "lowest"
    title = f"The {end} patches of {len(rows)} {'neuron' if len(rows) == 1 else 'neurons'}"
    wide = max(left + columns * (tile + gap), round(font.getlength(title)) + 2 * gap)
    sheet = Image.new("RGB", (wide, line + 2 * gap + len(rows) * step), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((gap, gap), title, _INK, font)
    opened = view.open([one for _, found in rows for one in found])
    for place, (name, found) in enumerate(rows):
        top = line + 2 * gap + place * step
        for at, text in enumerate(_label(name, found)):
            draw.text((gap, top + at * line), text, _INK if at < 2 else _FAINT, font)
        for at, one in enumerate(found):
            x = left + at * (tile + gap)
            shown = _tile(opened[one.image], one, view.grid, context, tile)
            sheet.paste(shown, (x + (tile - shown.width) // 2, top + (tile - shown.height) // 2))
            middle = (x + tile // 2, top + tile + 1)
            draw.text(middle, plain_number(one.value), _FAINT, font, anchor="ma")
    return sheet


def _label(name: str, found: list[Exemplar]) -> tuple[str, str, str]:
    site, _, index = name.rpartition(":")
    if not found:
        return site, f"neuron {index}", "nothing recorded"
    values = sorted(one.value for one in found)
    return site, f"neuron {index}", f"{plain_number(values[0])} to {plain_number(values[-1])}"


def _tile(
    whole: Image.Image, one: Exemplar, grid: tuple[int, int], context: float, size: int
) -> Image.Image:
    """Return a crop of exactly `size` on its longer side with the patch outlined."""
    shown = cut(whole, one.row, one.column, grid, context, size)
    box = patch_box(whole.size, one.row, one.column, grid, context, size)
    return outlined(shown, box)


def outlined(crop: Image.Image, box: Box) -> Image.Image:
    """Return a crop with the patch's edge in colour on a dark one, to show on any ground."""
    shown, line = crop.copy(), max(1, round(max(crop.size) / 64))
    left, top, right, bottom = box
    edge = [round(left), round(top), max(round(left), round(right) - 1), 0]
    edge[3] = max(edge[1], round(bottom) - 1)
    around = [edge[0] - line, edge[1] - line, edge[2] + line, edge[3] + line]
    draw = ImageDraw.Draw(shown)
    draw.rectangle(around, outline=BLACK, width=line)
    draw.rectangle(edge, outline=VERMILLION, width=line)
    return shown
