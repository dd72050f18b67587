"""The objects of the training world: each is a shape of its own, with whatever it is drawn."""

import pytest
import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS

SIZE, COUNT, VIEW = 96, 12, 1.6  # pictures of 2 * VIEW radii across


def plane_of(count: int) -> Plane:
    return Plane.of_pictures(count, SIZE).moved(-0.5, -0.5).scaled(2 * VIEW)


def fields_of(name: str, numbers: list[int]) -> dict[str, torch.Tensor]:
    plane = plane_of(len(numbers))
    solid = OBJECTS[name].program(Dice.of(3, torch.tensor(numbers)).of_step(name), plane)
    blank = torch.zeros_like(plane.y)
    return {part: blank + value for part, value in zip(Solid._fields, solid, strict=True)}


@pytest.mark.parametrize("name", OBJECTS)
def test_a_solid_is_finite_and_in_range(name):
    fields = fields_of(name, list(range(COUNT)))
    assert all(bool(field.isfinite().all()) for field in fields.values())
    within = fields["inside"] > 0
    assert float(fields["height"][within].abs().max()) < 1.5
    assert float(fields["tone"][within].min()) >= 0
    assert float(fields["tone"][within].max()) < 2.2
    assert float(fields["accent"].min()) >= 0
    assert float(fields["accent"].max()) <= 1


@pytest.mark.parametrize("name", OBJECTS)
def test_a_solid_fills_its_radius_and_keeps_within_it(name):
    plane = plane_of(COUNT)
    far = plane.radius()
    within = fields_of(name, list(range(COUNT)))["inside"] > 0
    share = within.sum((1, 2)) / (far < 1).sum((1, 2))
    assert float(share.min()) > 0.12
    assert float(far[within].max()) < 1.3
    assert float((far * within).amax((1, 2)).min()) > 0.85


@pytest.mark.parametrize("name", OBJECTS)
def test_a_solid_is_the_same_alone_and_in_a_batch(name):
    together, alone = fields_of(name, [4, 8, 9]), fields_of(name, [8])
    for part, field in together.items():
        # A pixel at an edge may fall to the other side by rounding.
        apart = (field[1] - alone[part][0]).abs() > 1e-4
        assert float(apart.float().mean()) < 0.002, part


@pytest.mark.parametrize("name", OBJECTS)
def test_solids_of_a_kind_differ(name):
    fields = fields_of(name, [1, 2])
    assert any(float((field[0] - field[1]).abs().max()) > 0.01 for field in fields.values())


def test_no_noun_names_two_things():
    nouns = [noun for thing in OBJECTS.values() for noun in thing.nouns]
    assert all(thing.nouns for thing in OBJECTS.values())
    assert len(nouns) == len(set(nouns))
    surfaces = {noun for made in MATERIALS.values() for noun in made.nouns}
    assert not surfaces & set(nouns)


def test_the_materials_of_objects_exist():
    assert {name for thing in OBJECTS.values() for name in thing.materials} <= set(MATERIALS)
