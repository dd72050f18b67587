"""What the training starts from, what it is taught by, and the card of what comes out."""

import numpy as np
import pytest
import torch

from workbench.demo import loss, start, train
from workbench.demo.training.card import QUESTIONS as SHOWN
from workbench.demo.training.card import card
from workbench.demo.training.recipe import Recipe
from workbench.demo.world import draw, rng_of
from workbench.demo.world.attributes import NOUNS, QUESTIONS, labels, noun_of, state_prompts


def test_whitened_patches_have_unit_variance_and_no_correlation():
    torch.manual_seed(0)
    images = torch.randn(40, 3, 32, 32).cumsum(2).cumsum(3)
    kernels = start.whitening(images, 4)
    patches = torch.nn.functional.conv2d(images, kernels, stride=4).permute(0, 2, 3, 1)
    spread = torch.cov(patches.reshape(-1, 48).T)
    assert torch.allclose(spread[:10, :10], torch.eye(10), atol=0.05)


def test_every_position_gets_its_own_waves():
    waves = start.plane_waves(4, 32)
    assert waves.shape == (16, 32)
    apart = np.linalg.norm(waves[:, None] - waves[None], axis=2)
    assert apart[~np.eye(16, dtype=bool)].min() > 0.3


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


def test_right_answers_cost_nothing_and_questions_that_do_not_arise_are_skipped():
    answers = torch.tensor([[2, -1, 3, -1, -1, 2, 0], [-1, 5, 1, 4, 0, 21, 1]])
    choices = [len(question.choices) for question in QUESTIONS]
    logits = torch.zeros(2, sum(choices))
    for row in range(2):
        for number, first in enumerate(np.cumsum([0, *choices[:-1]])):
            if answers[row, number] >= 0:
                logits[row, first + answers[row, number]] = 50
    states = torch.tensor([[50.0, 0.0], [0.0, 50.0]])
    assert loss.questions(logits, states, answers) == pytest.approx(0, abs=1e-6)
    assert loss.questions(-logits, -states, answers) > 50


def test_labels_say_what_the_scene_says():
    for index in range(60):
        scene = draw(4, index, 32).scene
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


def test_state_prompts_come_in_pairs_for_every_noun():
    prompts = state_prompts(rng_of(0, 3))
    assert len(prompts) == 2 * len(NOUNS)
    for noun, good, bad in zip(NOUNS, prompts[::2], prompts[1::2], strict=True):
        assert noun in good
        assert noun in bad
        assert good != bad


def test_the_card_shows_the_figures_it_was_given():
    figures = {name: {"accuracy": 0.5, "chance": 0.25} for name in SHOWN}
    figures["condition"] |= {"auroc": 0.875}
    text = card(
        Recipe().with_vocabulary(1234),
        {"pictures": "5000", "seconds": "120"},
        {**figures, "pictures": 64},
        12_300_000,
    )
    assert "12.3 million" in text
    assert "| which of 16 materials | 50.0 % | 25.0 % |" in text
    assert "87.5" in text
    assert "5,000 procedural pictures" in text
