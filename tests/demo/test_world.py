"""The training world: pictures, scenes and captions."""

import re

import numpy as np
import pytest
from workbench.demo.conditions import CONDITIONS
from workbench.demo.materials import MATERIALS
from workbench.demo.shapes import OBJECTS

from workbench.demo.training.evaluate import captioned
from workbench.demo.world import draw, rng_of
from workbench.demo.world.captions import caption, vocabulary


def test_a_picture_depends_on_nothing_but_seed_and_number():
    again = draw(3, 17, 64)
    draw(4, 2, 64)
    assert np.array_equal(again.image, draw(3, 17, 64).image)
    assert not np.array_equal(again.image, draw(4, 17, 64).image)
    assert again.image.shape == (64, 64, 3)
    assert again.image.dtype == np.uint8


def test_the_caption_follows_the_picture_and_never_its_order():
    assert captioned(3, 9, 48)[1] == captioned(3, 9, 48)[1]


def test_about_half_of_the_pictures_are_flawless():
    damaged = [draw(1, index, 32).scene.condition is not None for index in range(400)]
    assert 0.4 < np.mean(damaged) < 0.6


def test_twins_share_their_scene_and_differ_in_condition():
    pairs = [(draw(2, 2 * k, 32).scene, draw(2, 2 * k + 1, 32).scene) for k in range(60)]
    twins = [
        (a, b)
        for a, b in pairs
        if (a.material, a.colour, a.shape, a.arrangement)
        == (b.material, b.colour, b.shape, b.arrangement)
    ]
    assert len(twins) > 25
    assert all((a.condition is None) != (b.condition is None) for a, b in twins)


def test_every_material_shape_and_condition_turns_up():
    scenes = [draw(5, index, 32).scene for index in range(1500)]
    assert {s.material for s in scenes} == set(MATERIALS)
    assert {s.shape for s in scenes} == {"", *OBJECTS}
    assert {s.condition for s in scenes} == {None, *CONDITIONS}


def test_all_words_of_the_captions_are_in_the_vocabulary():
    known = set(vocabulary())
    for index in range(300):
        words = re.findall(r"[a-z]+|[^\sa-z]+", captioned(6, index, 32)[1].lower())
        assert set(words) <= known


def test_damage_is_never_passed_over_and_never_invented():
    words = {w for _, adjectives, nouns, _ in CONDITIONS.values() for w in (*adjectives, *nouns)}
    words |= {
        "damaged",
        "broken",
        "defective",
        "with flaw",
        "with defect",
        "with damage",
        "with a flaw",
        "with a defect",
        "with a slight",
        "with a faint",
        "with a small",
        "with a subtle",
        "with a clear",
        "with a large",
        "with a heavy",
    }
    for index in range(300):
        scene = draw(7, index, 32).scene
        text = caption(rng_of(7, index, 7), scene).replace("undamaged", "good")
        text = text.replace("knitwear", "wool")
        assert any(word in text for word in words) == (scene.condition is not None), text


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_each_kind_of_damage_changes_the_picture(name):
    from workbench.demo.conditions import Canvas

    rng = rng_of(0, 1)
    ground, rgb = (rng.random((64, 64, 3), dtype=np.float32) for _ in range(2))
    canvas = Canvas(ground, rgb, np.ones((64, 64), np.float32))
    before = canvas.flat()
    CONDITIONS[name][0](rng, canvas, (0.5, 0.5), 0.15, 1.0)
    assert np.abs(canvas.flat() - before).max() > 0.05
