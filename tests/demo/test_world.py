"""The training world: dice, scenes, pictures and captions."""

import re

import numpy as np
import pytest
import torch

from workbench.demo.world.__main__ import main
from workbench.demo.world.captions import caption_of, vocabulary
from workbench.demo.world.composing import composed
from workbench.demo.world.conditions import CONDITIONS
from workbench.demo.world.dice import Dice
from workbench.demo.world.drawing import draw, where_of
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.scene import PARTS, drawn_alike, scene_of, withheld


def scenes(seed, count, part="training"):
    return [scene_of(seed, number, part) for number in range(count)]


# dice


def test_dice_give_a_picture_the_same_numbers_in_any_batch_and_order():
    together = Dice.of(3, torch.tensor([9, 2, 5])).grid(4, 4)
    alone = Dice.of(3, torch.tensor([5])).grid(4, 4)
    assert torch.equal(together[2], alone[0])
    assert not torch.equal(together[0], together[1])


def test_dice_of_steps_seeds_and_calls_differ():
    dice = Dice.of(3, torch.arange(200))
    draws = [
        dice.grid(1),
        dice.grid(1),
        dice.of_step("a").grid(1),
        dice.of_step("b").grid(1),
        Dice.of(4, torch.arange(200)).grid(1),
    ]
    table = torch.cat(draws, 1)
    likeness = torch.corrcoef(table.T).fill_diagonal_(0).abs()
    assert likeness.max() < 0.25  # five times the spread of chance at 200 pictures


def test_dice_are_even_and_without_memory():
    numbers = Dice.of(0, torch.arange(64)).grid(64, 64)
    counts = torch.histc(numbers, 16, 0, 1)
    assert (counts / counts.mean() - 1).abs().max() < 0.03
    centred = numbers - 0.5
    assert (centred[:, 1:] * centred[:, :-1]).mean().abs() < 1e-3
    assert (centred[1:] * centred[:-1]).mean().abs() < 1e-3


def test_chosen_dice_go_on_from_where_all_of_them_are():
    dice = Dice.of(0, torch.arange(5))
    dice.uniform()
    some = dice.some(torch.tensor([1, 4]))
    assert torch.equal(some.uniform(), dice.uniform()[[1, 4]])


# scenes


def test_about_half_of_the_pictures_are_flawless():
    assert 0.4 < np.mean([s.condition is not None for s in scenes(1, 600)]) < 0.6


def test_twins_share_their_scene_and_differ_in_condition():
    pairs = [(scene_of(2, 2 * k), scene_of(2, 2 * k + 1)) for k in range(80)]
    twins = [
        (a, b)
        for a, b in pairs
        if (a.material, a.colour, a.shape, a.ground) == (b.material, b.colour, b.shape, b.ground)
    ]
    assert len(twins) > 40
    assert all((a.condition is None) != (b.condition is None) for a, b in twins)


def test_everything_that_is_not_held_out_turns_up_in_training_and_nothing_else():
    seen = scenes(5, 6000)
    assert {s.material for s in seen} == {n for n, m in MATERIALS.items() if not m.heldout}
    assert {s.shape for s in seen} == {"", *OBJECTS}
    known = {n for n, kind in CONDITIONS.items() if not kind.heldout}
    assert {s.condition for s in seen} == {None, *known}
    assert not {s.ground for s in seen} & {n for n, m in MATERIALS.items() if m.heldout}


def odd_pairs(scene):
    pairs = [(scene.material, scene.colour)]
    if scene.shape:
        pairs.append((scene.material, scene.shape))
    return [pair for pair in pairs if withheld(*pair)]


def test_training_never_shows_the_pairs_that_are_withheld_and_the_held_out_part_always_does():
    for scene in scenes(6, 600):
        assert not odd_pairs(scene)
        if scene.condition:
            assert not withheld(scene.condition, scene.noun)
    assert all(odd_pairs(scene) for scene in scenes(6, 200, "combinations"))


def test_held_out_parts_show_what_they_say():
    assert all(MATERIALS[s.material].heldout for s in scenes(7, 100, "materials"))
    kinds = {s.condition for s in scenes(7, 200, "damage")} - {None}
    assert kinds == {n for n, kind in CONDITIONS.items() if kind.heldout}


def test_damage_happens_only_to_what_it_can_happen_to():
    for scene in scenes(8, 1500):
        if scene.condition and CONDITIONS[scene.condition].only:
            assert {scene.shape, scene.material} & set(CONDITIONS[scene.condition].only)


# pictures


def test_a_picture_is_the_same_in_whatever_batch_it_is_drawn():
    together = draw(3, range(12), 96)
    for number in (0, 5, 11):
        alone = draw(3, [number], 96)
        apart = together.images[number].int() - alone.images[0].int()
        assert (apart.abs() > 2).float().mean() < 0.003  # rounding at edges
        assert together.scenes[number] == alone.scenes[0]


def test_pictures_of_other_numbers_and_seeds_are_others():
    first, second = draw(3, [4, 6], 64).images, draw(4, [4], 64).images
    assert (first[0].int() - first[1].int()).abs().float().mean() > 5
    assert (first[0].int() - second[0].int()).abs().float().mean() > 5


def test_damage_is_marked_on_damaged_pictures_only_and_said_where_it_is():
    drawn = draw(9, range(64), 96)
    for scene, mark in zip(drawn.scenes, drawn.damage, strict=True):
        assert (float(mark.max()) > 0.2) == (scene.condition is not None)
        assert bool(scene.where) == (scene.condition is not None)


def test_damage_changes_the_picture_where_it_is_marked_and_hardly_elsewhere():
    """Twins of one geometry under one light differ where the damaged one is marked."""
    from dataclasses import replace

    from workbench.demo.world.drawing import drawn

    numbers = torch.arange(40)
    damaged = [s for s in scenes(11, 300) if s.condition and s.condition != "snapped"][:40]
    damaged = [replace(s, blurred=False) for s in damaged]
    clean = [replace(s, condition=None) for s in damaged]
    dice = Dice.of(11, numbers)
    bad, good = (drawn(which, dice, dice, dice, 96) for which in (damaged, clean))
    change = (bad.images.int() - good.images.int()).abs().amax(1).float()
    marked = bad.damage > 0.5
    inside = (change * marked).sum() / marked.sum()
    outside = (change * (bad.damage < 0.02)).sum() / (bad.damage < 0.02).sum()
    assert inside > 15 * outside


def test_one_form_in_many_poses_is_one_product():
    scene = next(s for s in scenes(12, 200) if s.shape == "gear" and s.arrangement == "single")
    form = Dice.of(12, torch.tensor([1, 1]))
    pose = Dice.of(12, torch.tensor([1, 2]))
    canvas, _ = composed([scene, scene], form, pose, 96)
    tones = [canvas.rgb[k][:, canvas.alpha[k] > 0.99].mean(1) for k in range(2)]
    assert (tones[0] - tones[1]).abs().max() < 0.1
    assert not torch.equal(canvas.alpha[0], canvas.alpha[1])


def test_pairs_drawn_alike_have_one_outline():
    pair = next(
        k for k in range(400) if drawn_alike(13, 2 * k)
        and scene_of(13, 2 * k).shape and not scene_of(13, 2 * k).condition
        and scene_of(13, 2 * k + 1).shape == scene_of(13, 2 * k).shape
        and CONDITIONS[scene_of(13, 2 * k + 1).condition or "stained"].happens_to == "both"
    )  # fmt: skip
    drawn = draw(13, [2 * pair, 2 * pair + 1], 64)
    assert (drawn.product[0] - drawn.product[1]).abs().mean() < 0.05


def test_places_are_told_by_thirds():
    assert where_of(0.1, 0.1) == "top left"
    assert where_of(0.5, 0.5) == "middle centre"
    assert where_of(0.99, 0.7) == "bottom right"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_draws_the_same_pictures():
    here = draw(3, range(16), 96).images.int()
    there = draw(3, range(16), 96, device=torch.device("cuda")).images.cpu().int()
    assert ((here - there).abs() > 4).float().mean() < 0.01


def test_a_sheet_is_written_with_its_captions(tmp_path, caplog):
    with caplog.at_level("INFO"):
        assert main(["--out", str(tmp_path / "s.png"), "--count", "3", "--size", "32"]) == 0
    assert (tmp_path / "s.png").stat().st_size > 1000
    assert len(caplog.records) == 3


# captions


def test_all_words_of_the_captions_are_in_the_vocabulary():
    known = set(vocabulary())
    for part in PARTS:
        for number, scene in enumerate(scenes(6, 150, part)):
            words = re.findall(r"[a-z]+|[^\sa-z]+", caption_of(6, number, scene).lower())
            assert set(words) <= known


def test_another_time_gives_other_words_of_the_same_scene():
    scene = scene_of(6, 3)
    assert len({caption_of(6, 3, scene, again) for again in range(8)}) > 4
    assert caption_of(6, 3, scene, 1) == caption_of(6, 3, scene, 1)


def test_no_training_caption_uses_the_words_of_what_is_held_out():
    held = [m.nouns for m in MATERIALS.values() if m.heldout]
    held += [(*k.adjectives, *k.nouns) for k in CONDITIONS.values() if k.heldout]
    texts = [f" {caption_of(6, n, s)} " for n, s in enumerate(scenes(6, 600))]
    for word in (word for words in held for word in words):
        assert not any(re.search(rf"\b{word}\b", text) for text in texts), word


def test_damage_is_never_passed_over_and_never_invented():
    said = {w for k in CONDITIONS.values() for w in (*k.adjectives, *k.nouns)}
    said |= {noun.partition(" ")[2] for noun in said if noun.startswith(("a ", "an "))}
    said |= {"damaged", "broken", "defective"}
    said |= {f"with {a}{n}" for a in ("", "a ") for n in ("flaw", "defect", "damage")}
    nouns = sorted(
        (w for t in (MATERIALS, OBJECTS) for e in t.values() for w in e.nouns),
        key=len,
        reverse=True,
    )
    for number, scene in enumerate(scenes(7, 400)):
        text = caption_of(7, number, scene).replace("undamaged", "good")
        for noun in nouns:  # "hair brush" is no hair
            text = re.sub(rf"\b{noun}s?\b", "thing", text)
        found = any(re.search(rf"\b{word}\b", text) for word in said)
        assert found == (scene.condition is not None), text
