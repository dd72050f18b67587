"""The materials of the training world: what each draws is sound, and its words are its own."""

from collections import Counter

import pytest
import torch

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.palette import COLOURS

SIZE, COUNT = 96, 8


def fields_of(name: str, numbers: list[int]) -> dict[str, torch.Tensor]:
    plane = Plane.of_pictures(len(numbers), SIZE).turned(0.4).moved(3.0, 4.0)
    dice = Dice.of(5, torch.tensor(numbers)).of_step(name)
    surface = MATERIALS[name].program(dice, plane)
    blank = torch.zeros_like(plane.y)
    return {part: blank + value for part, value in zip(Surface._fields, surface, strict=True)}


@pytest.mark.parametrize("name", MATERIALS)
def test_a_surface_is_finite_and_in_range(name):
    fields = fields_of(name, list(range(COUNT)))
    assert all(bool(field.isfinite().all()) for field in fields.values())
    for part in ("tone", "gloss", "accent"):
        assert float(fields[part].min()) >= 0, part
        assert float(fields[part].max()) <= 1, part


@pytest.mark.parametrize("name", MATERIALS)
def test_a_surface_varies_within_each_picture(name):
    fields = fields_of(name, list(range(COUNT)))
    assert float(fields["tone"].std((1, 2)).min()) > 0.02
    assert float(fields["height"].std((1, 2)).min()) > 0.01


@pytest.mark.parametrize("name", MATERIALS)
def test_a_surface_is_the_same_alone_and_in_a_batch(name):
    together, alone = fields_of(name, [4, 8, 9]), fields_of(name, [8])
    for part, field in together.items():
        # A pixel at a border may fall to the other side by rounding.
        apart = (field[1] - alone[part][0]).abs() > 1e-3
        assert float(apart.float().mean()) < 0.002, part


@pytest.mark.parametrize("name", MATERIALS)
def test_pictures_of_a_material_differ(name):
    tone = fields_of(name, [1, 2])["tone"]
    assert float((tone[0] - tone[1]).abs().mean()) > 0.02


def test_no_two_things_share_a_noun():
    nouns = Counter(
        noun for things in (MATERIALS, OBJECTS) for made in things.values() for noun in made.nouns
    )
    assert [noun for noun, count in nouns.items() if count > 1] == []


def test_materials_come_in_four_known_colours_or_any():
    for name, made in MATERIALS.items():
        assert not set(made.colours) - set(COLOURS), name
        assert len(set(made.colours)) == len(made.colours), name
        assert len(made.colours) == 0 or len(made.colours) >= 4, name


def test_three_materials_are_held_out():
    assert sum(made.heldout for made in MATERIALS.values()) == 3
