"""Kinds of damage: what each does to a picture, and where it says so."""

import re
from dataclasses import replace

import pytest
import torch

from workbench.demo.world.conditions import CONDITIONS
from workbench.demo.world.dice import Dice
from workbench.demo.world.drawing import Drawn, drawn
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.scene import Scene

SIZE = 192
PICTURES = 5
PLAIN = Scene(
    material="weave",
    colour="green",
    second="white",
    shape="",
    arrangement="single",
    textured=True,
    ground="felt",
    ground_colour="beige",
    clutter=False,
    light="even",
    blurred=False,
    condition=None,
    strength=1.0,
    reach=0.12,
)


def _scenes(kind: str) -> list[Scene]:
    """Return a scene with a textured material, and one with an object, that the kind happens to."""
    condition = CONDITIONS[kind]
    materials = [name for name in condition.only or ("weave",) if name in MATERIALS]
    shapes = [name for name in condition.only or ("gear",) if name in OBJECTS]
    if condition.only and not shapes:
        shapes = ["gear"]
    found = []
    if condition.happens_to in ("surface", "both") and materials:
        found.append(replace(PLAIN, material=materials[0]))
    if condition.happens_to != "surface":
        many = "grid" if condition.happens_to == "set" else "single"
        material = materials[0] if materials else "weave"
        found.append(replace(PLAIN, material=material, shape=shapes[0], arrangement=many))
    return found


def _drawn(scene: Scene, numbers: list[int]) -> Drawn:
    dice = Dice.of(5, torch.tensor(numbers))
    return drawn([scene] * len(numbers), dice, dice, dice, SIZE)


@pytest.mark.parametrize("strength", [0.3, 1.0])
@pytest.mark.parametrize("kind", sorted(CONDITIONS))
def test_damage_changes_the_picture_where_it_is_marked_and_nowhere_else(kind, strength):
    for scene in _scenes(kind):
        numbers = list(range(PICTURES))
        damaged = _drawn(replace(scene, condition=kind, strength=strength), numbers)
        flawless = _drawn(scene, numbers)
        change = (damaged.images.float() - flawless.images.float()).abs().amax(1) / 255
        mark = damaged.damage
        assert (flawless.damage == 0).all()
        assert ((mark >= 0) & (mark <= 1.0001)).all()
        seen = (change * mark).sum((1, 2)) / mark.sum((1, 2))
        elsewhere = ((change > 0.1) & (mark < 0.05)).float().mean((1, 2))
        assert (mark.amax((1, 2)) > 0.5).all(), (scene.noun, mark.amax((1, 2)))
        assert (seen > 0.03 + 0.04 * (strength == 1.0)).all(), (scene.noun, seen)
        # Marked is where a part broke; that the half beyond has slid away is no damage to it.
        most = 0.15 if kind == "snapped" else 0.02
        assert (elsewhere < most).all(), (scene.noun, elsewhere)


@pytest.mark.parametrize("kind", sorted(CONDITIONS))
def test_damage_is_the_same_alone_and_in_a_batch(kind):
    scene = replace(_scenes(kind)[-1], condition=kind)
    together, alone = _drawn(scene, [3, 8, 11]), _drawn(scene, [8])
    gap = (together.images[1].float() - alone.images[0].float()).abs()
    assert gap.amax() <= 2
    assert torch.allclose(together.damage[1], alone.damage[0], atol=1e-3)
    assert torch.equal(together.spots[1], alone.spots[0])


@pytest.mark.parametrize("kind", sorted(CONDITIONS))
def test_a_damaged_picture_tells_a_place_that_is_marked(kind):
    found = _drawn(replace(_scenes(kind)[-1], condition=kind), list(range(PICTURES)))
    for spot, mark in zip(found.spots, found.damage, strict=True):
        row, column = (int(c * SIZE) for c in spot)
        assert mark[max(0, row - 8) : row + 8, max(0, column - 8) : column + 8].amax() > 0.3


def test_no_two_kinds_share_a_word():
    seen: dict[str, str] = {}
    for kind, condition in CONDITIONS.items():
        assert 1 <= len(condition.adjectives) <= 3
        assert 1 <= len(condition.nouns) <= 3
        words = set(re.findall(r"[a-z]{3,}", " ".join((*condition.adjectives, *condition.nouns))))
        for word in words - {"one", "the", "off", "out"}:
            assert seen.setdefault(word, kind) == kind, word


def test_the_materials_and_objects_that_kinds_name_exist():
    for kind, condition in CONDITIONS.items():
        assert set(condition.only) <= {*MATERIALS, *OBJECTS}, kind
        assert condition.happens_to in ("surface", "object", "both", "set")


def test_two_kinds_are_held_out():
    assert sum(condition.heldout for condition in CONDITIONS.values()) == 2
