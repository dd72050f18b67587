"""What the training starts from, what it is taught by, and the card of what comes out."""

import numpy as np
import pytest
import torch

from tests.demo.recipes import small_recipe
from workbench.demo.training import loss, patches, start, train
from workbench.demo.training.card import card
from workbench.demo.training.evaluate import heldout
from workbench.demo.training.recipe import Recipe
from workbench.demo.training.stream import Batch, Stream, Turn
from workbench.demo.world.attributes import NOUNS, QUESTIONS, labels, noun_of, state_prompts
from workbench.demo.world.drawing import draw
from workbench.demo.world.scene import rng_of, scene_of

SMALL = small_recipe(48)


def tokenizer(texts):
    """A stand-in that knows 200 words by their hash, in the frame of open_clip's."""
    ids = torch.zeros(len(texts), 32, dtype=torch.long)
    for row, text in enumerate(texts):
        words = [1 + sum(map(ord, word)) % 196 for word in text.split()][:30]
        ids[row, : len(words) + 2] = torch.tensor([198, *words, 199])
    return ids


def test_whitened_patches_have_unit_variance_and_no_correlation():
    torch.manual_seed(0)
    images = torch.randn(40, 3, 32, 32).cumsum(2).cumsum(3)
    kernels = start.whitening(images, 4)
    patches = torch.nn.functional.conv2d(images, kernels, stride=4).permute(0, 2, 3, 1)
    spread = torch.cov(patches.reshape(-1, 48).T)
    assert torch.allclose(spread[:10, :10], torch.eye(10), atol=0.05)


def test_every_position_gets_its_own_waves():
    waves = start.plane_waves(4, 96)
    assert waves.shape == (16, 96)
    apart = np.linalg.norm(waves[:, None] - waves[None], axis=2)
    assert apart[~np.eye(16, dtype=bool)].min() > 0.3
    assert (waves == 0).all(0).sum() == 96 - 16  # most channels are left to what patches show


def test_texts_start_centred_and_apart():
    recipe = Recipe().with_vocabulary(300)
    clip = train.build(recipe)
    torch.manual_seed(1)
    texts = torch.zeros(200, 32, dtype=torch.long)
    texts[:, 0], texts[:, 7] = 298, 299
    texts[:, 1:7] = torch.randint(1, 290, (200, 6))
    start.prepare_text(clip, texts)
    with torch.no_grad():
        units = torch.nn.functional.normalize(clip.encode_text(texts), dim=-1)
    likeness = (units @ units.T).fill_diagonal_(0)
    assert likeness.mean().abs() < 0.05


def batch_of(answers, states, owners, surfaces=None):
    images = torch.zeros(len(answers), 3, 16, 16, dtype=torch.uint8)
    return Batch(
        images,
        tokenizer(["a"] * len(answers)),
        torch.tensor(answers),
        torch.tensor(surfaces or [[-1, -1]] * len(answers)),
        torch.tensor(states),
        torch.tensor(owners),
        torch.full((len(answers), 2), 0.5),
    )


def test_right_answers_cost_nothing_and_questions_that_do_not_arise_are_skipped():
    answers = [[2, -1, 3, -1, -1, 2, 0], [-1, 5, 1, 4, 0, 21, 1]]
    batch = batch_of(answers, [[[0]], [[1]]], [[[1]], [[1]]])
    logits = {q.name: torch.zeros(2, len(q.choices)) for q in QUESTIONS}
    for row in range(2):
        for number, question in enumerate(QUESTIONS):
            if answers[row][number] >= 0:
                logits[question.name][row, answers[row][number]] = 50
    logits["state"] = torch.tensor([[50.0, 0.0], [0.0, 50.0]])
    assert loss._of_pictures(logits, batch) == pytest.approx(0, abs=1e-6)
    wrong = {name: -values for name, values in logits.items()}
    assert loss._of_pictures(wrong, batch) > 50


def test_patches_are_asked_only_what_they_show():
    answers = [[-1, 5, 1, 4, 0, 21, 1]]  # an object of colour 1, damaged in way 4
    states, owners = [[[0, 1], [-1, 0]]], [[[1, 1], [1, 0]]]
    truth = loss.patch_truth(batch_of(answers, states, owners, [[7, 9]]), None)
    assert truth["material"].tolist() == [[7, -1, -1, 9]]
    assert truth["object"].tolist() == [[5, 5, 5, -1]]
    assert truth["colour"].tolist() == [[1, -1, -1, -1]]
    assert truth["damage"].tolist() == [[-1, 4, -1, -1]]
    assert truth["state"].tolist() == [[0, 1, -1, -1]]
    kept = torch.tensor([[3, 1]])
    some = loss.patch_truth(batch_of(answers, states, owners, [[7, 9]]), kept)
    assert some["material"].tolist() == [[9, -1]]


def test_damaged_and_flawless_patches_weigh_the_same():
    truth = {"state": torch.tensor([[1] + [0] * 99])}
    certain = torch.zeros(1, 100, 2)
    certain[..., 0] = 20  # flawless everywhere
    assert loss._of_patches({"state": certain}, truth) == pytest.approx(10, abs=0.01)


def test_labels_say_what_the_scene_says():
    for index in range(60):
        scene = scene_of(4, index)
        *answers, noun, damaged = labels(scene)
        assert damaged == (scene.condition is not None)
        assert noun == noun_of(scene)
        names = [
            list(q.choices)[a] if a >= 0 else None for q, a in zip(QUESTIONS, answers, strict=True)
        ]
        assert names[:4] == [
            None if scene.shape else scene.material,
            scene.shape or None,
            scene.colour,
            scene.condition,
        ]


def test_state_prompts_come_in_pairs_for_the_nouns_asked_for():
    nouns = [3, 50]
    prompts = state_prompts(rng_of(0, 3), nouns)
    assert len(prompts) == 4
    for number, good, bad in zip(nouns, prompts[::2], prompts[1::2], strict=True):
        assert list(NOUNS.values())[number] in good
        assert list(NOUNS.values())[number] in bad
        assert good != bad


def test_texts_read_short_are_the_texts_read_whole():
    clip = train.build(SMALL.with_vocabulary(200))
    ids = tokenizer(["a red gear", "a photo of a scratched blue board on wood"])
    with torch.no_grad():
        whole = torch.nn.functional.normalize(clip.encode_text(ids), dim=-1)
        assert torch.allclose(loss.read(clip, ids), whole, atol=1e-5)


def test_patches_left_out_are_not_seen_and_kept_ones_are_in_their_places():
    clip = train.build(SMALL.with_vocabulary(200)).eval()
    images = torch.randn(2, 3, 48, 48)
    kept = torch.tensor([[0, 7, 8], [35, 3, 20]])
    clip.visual.patch_dropout.kept = kept
    with torch.no_grad():
        seen = loss.look(clip, images)
        changed = images.clone()
        changed[0, :, 40:, 40:] += 1  # patch 35, which picture 0 leaves out
        again = loss.look(clip, changed)
        embedded = clip.visual._embeds(images)
        clip.visual.patch_dropout.kept = None
        everything = clip.visual._embeds(images)
    assert seen.last.shape == (2, 3, 32)
    assert torch.equal(seen.pooled, again.pooled)
    assert torch.allclose(embedded[1, 2], everything[1, 4])


def test_each_thread_keeps_patches_of_its_own():
    from concurrent.futures import ThreadPoolExecutor

    module = patches.KeptPatches()
    module.kept = torch.tensor([[0]])
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: module.kept).result() is None


@pytest.mark.parametrize("count", [40, 100])
def test_the_region_about_the_spot_is_kept_and_the_rest_is_chance(count):
    spots = torch.tensor([[0.5, 0.5], [0.0, 0.99]] * 50)
    generator = torch.Generator().manual_seed(0)
    kept = patches.choose(spots, 16, count, generator)
    assert kept.shape == (100, count)
    assert all(len(set(row)) == count for row in kept.tolist())
    assert all(8 * 16 + 8 in row for row in kept[::2].tolist())
    assert all(15 in row for row in kept[1::2].tolist())
    assert count < 100 or len(set(kept.flatten().tolist())) == 256


def test_the_states_of_patches_follow_their_damage():
    drawn = draw(9, range(16), 96)
    states, owners = patches.states(drawn, 8), patches.owners(drawn, 8)
    share = torch.nn.functional.avg_pool2d(drawn.damage[:, None], 8)[:, 0]
    assert torch.equal(states == 1, share > patches.MARKED)
    assert torch.equal(states == 0, share < patches.BARELY)
    filled = torch.tensor([not scene.shape for scene in drawn.scenes])
    assert (owners[filled] == 1).float().mean() > 0.98


# the stream


def taken(first, count, recipe=SMALL):
    stream = iter(Stream(recipe, tokenizer, first))
    return [next(stream) for _ in range(count)]


def test_a_stream_taken_up_later_gives_the_same_batches():
    whole, late = taken(0, 6), taken(3, 3)
    for one, other in zip(whole[3:], late, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_each_picture_of_a_pool_is_shown_as_often_as_the_recipe_says():
    batches = taken(0, 8)
    pool = [
        sorted(int(i.int().sum()) for b in batches[k : k + 2] for i in b.images) for k in (0, 2)
    ]
    assert pool[0] == pool[1]  # turned and mirrored, so their sums are the same
    assert [b.images.sum() for b in batches[:2]] != [b.images.sum() for b in batches[2:4]]
    later = sorted(int(i.int().sum()) for b in batches[4:6] for i in b.images)
    assert later != pool[0]


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_picture_has_its_spot_and_its_words_turned_too(quarters, mirrored):
    from dataclasses import replace

    turn = Turn(quarters, mirrored)
    field = torch.zeros(1, 30, 30)
    field[0, 4, 25] = 1
    y, x = turn.of_spot(4.5 / 30, 25.5 / 30)
    assert turn.of_fields(field)[0, int(y * 30), int(x * 30)] == 1
    scene = replace(scene_of(0, 0), condition="stained", where="top right", arrangement="row")
    told = turn.of_scene(scene, (y, x))
    rows, columns = ("top", "middle", "bottom"), ("left", "centre", "right")
    assert told.where == f"{rows[int(3 * y)]} {columns[int(3 * x)]}"
    assert told.arrangement == ("column" if quarters % 2 else "row")


def test_the_loss_falls_on_pictures_that_are_shown_again():
    from concurrent.futures import ThreadPoolExecutor

    from workbench.demo.training.learner import Learner, Progress

    recipe = SMALL.with_vocabulary(200)
    learner = Learner.of(train.build(recipe), recipe)
    batch = taken(0, 1)[0]
    with ThreadPoolExecutor(2) as threads:
        losses = [
            train._update(learner, batch, tokenizer, recipe, Progress(step), 0.0, threads)["loss"]
            for step in range(12)
        ]
    assert losses[-1] < losses[0] - 0.5


# the card


def test_the_held_out_figures_have_every_part_and_chance_beside_each():
    clip = train.build(SMALL.with_vocabulary(200)).eval()
    figures = heldout(clip, tokenizer, seed=1, pictures=128, size=48, patch=8)
    assert "damage" not in figures["damage"]  # words for held-out damage were never learnt
    for part in ("training", "combinations", "materials", "damage"):
        assert 0.2 < figures[part]["condition_auroc"]["value"] < 0.8
        assert figures[part]["condition_auroc"]["chance"] == 0.5
    text = card(
        SMALL.with_vocabulary(1234),
        {"pictures": "6000", "seconds": "120", "device": "cpu"},
        figures,
        12_300_000,
    )
    assert "12.3 million" in text
    assert "3,000 procedural pictures" in text
    assert "2 minutes (cpu)" in text
    assert "at most 0.1 hours of a CPU core" in text
    assert "--pictures 6000" in text
    shown = 100 * figures["combinations"]["colour"]["value"]
    assert f"{shown:.1f} (7.1)" in text
