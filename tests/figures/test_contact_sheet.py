import numpy as np
import pytest
import torch
from PIL import Image, ImageColor, ImageFont

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError, SiteError
from workbench.figures import contact_sheet as module
from workbench.figures.colours import VERMILLION
from workbench.figures.contact_sheet import contact_sheet
from workbench.images.stream import Picture
from workbench.recording.exemplars import Exemplars, ExemplarTable
from workbench.recording.seen import Seen

SITE = "blocks.1.hook_resid_post"
RED, BLUE = (200, 30, 30), (30, 30, 200)


@pytest.fixture
def view() -> ExemplarTable:
    """Neuron 0 is high on the blue picture and low on the red one; neuron 1 the other way round."""
    pictures = [Picture(str(c), held=Image.new("RGB", (64, 48), c)) for c in (RED, BLUE)]
    exemplars = Exemplars({SITE: 2}, 16)
    ramp = torch.arange(32.0).reshape(2, 16)
    tokens = torch.stack([ramp, -ramp], dim=2)
    exemplars.update(Seen(SITE, (0, 1), torch.cat([torch.zeros(2, 1, 2), tokens], 1)))
    return ExemplarTable(exemplars, pictures, grid=(4, 4))


def count(sheet: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(sheet) == colour).all(2).sum())


def test_each_neuron_has_a_row_with_crops_of_its_own_pictures(view):
    sheet = contact_sheet(view, [f"{SITE}:0", f"{SITE}:1"], most=4)
    above, below = np.split(np.asarray(sheet), [sheet.height // 2])
    blue, red = (count(Image.fromarray(above), c) for c in (BLUE, RED))
    assert blue > 1000
    assert red == 0
    blue, red = (count(Image.fromarray(below), c) for c in (BLUE, RED))
    assert red > 1000
    assert blue == 0


def test_the_bottom_side_shows_the_lowest(view):
    sheet = contact_sheet(view, NeuronSet(SITE, (0,)), most=4, side="bottom")
    assert count(sheet, RED) > 1000
    assert count(sheet, BLUE) == 0


def test_every_tile_has_its_patch_outlined(view):
    colour = ImageColor.getrgb(VERMILLION)
    one, three = (count(contact_sheet(view, [f"{SITE}:0"], most), colour) for most in (1, 3))
    assert one > 50
    assert 2 * one < three


@pytest.mark.parametrize("context", [0.0, 1.0, 5.0])
@pytest.mark.parametrize("tile", [24, 96, 200])
def test_the_sheet_grows_with_its_tiles_and_holds_them_all(view, context, tile):
    sheet = contact_sheet(view, [f"{SITE}:0"] * 3, 5, context, tile)
    assert sheet.width > 5 * tile
    assert sheet.height > 3 * tile


def test_the_same_exemplars_make_the_same_sheet(view):
    first, second = (contact_sheet(view, [f"{SITE}:1"]) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_a_neuron_with_nothing_recorded_has_a_row_that_says_so():
    empty = ExemplarTable(Exemplars({SITE: 1}, 16), [], grid=(4, 4))
    sheet = contact_sheet(empty, [f"{SITE}:0"])
    assert count(sheet, (255, 255, 255)) < sheet.width * sheet.height


def test_every_letter_on_the_sheet_is_one_the_font_has(view, monkeypatch):
    written = []
    original = module.ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        module.ImageDraw.ImageDraw,
        "text",
        lambda self, place, text, *rest, **more: (
            written.append(text) or original(self, place, text, *rest, **more)
        ),
    )
    contact_sheet(view, [f"{SITE}:0", f"{SITE}:1"], side="bottom")
    assert any("-31" in text for text in written)
    font = ImageFont.load_default(20)
    unknown = bytes(font.getmask("\uffff"))
    letters = set("".join(written)) - {" "}
    assert [letter for letter in letters if bytes(font.getmask(letter)) == unknown] == []


def test_what_cannot_be_drawn_is_refused(view):
    with pytest.raises(SettingError, match="at least one neuron"):
        contact_sheet(view, [])
    with pytest.raises(SettingError, match="tile of 5 px"):
        contact_sheet(view, [f"{SITE}:0"], tile=5)
    with pytest.raises(SettingError, match="at least 1 is needed"):
        contact_sheet(view, [f"{SITE}:0"], most=0)
    with pytest.raises(SettingError, match="does not name a neuron"):
        contact_sheet(view, ["seven"])
    with pytest.raises(SiteError, match="was not recorded"):
        contact_sheet(view, ["ln_pre:0"])
