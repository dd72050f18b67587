"""The trainer, on towers so small that a step takes milliseconds."""

import csv
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest
import torch

from tests.demo.recipes import small_recipe
from workbench.demo.training import export, start, train
from workbench.demo.world.concepts import concepts
from workbench.demo.world.scene import PARTS
from workbench.errors import RunError
from workbench.neurons.labels.vocabulary import CONCEPTS_FILE, Vocabulary

TINY = small_recipe(32)


@pytest.fixture
def unmeasured(monkeypatch):
    """A training that starts from few pictures and is not measured on others: quick."""
    nothing = {"pictures": 0, "seed": 0, **{part: {} for part in PARTS}}
    monkeypatch.setattr(train, "heldout", lambda *_, **__: nothing)
    monkeypatch.setattr(start, "SAMPLE", 16)


def run(folder, pictures, *, resume=False, recipe=TINY):
    budget = train.Budget(pictures=pictures, heldout_pictures=128)
    return train.train(
        folder / "model",
        folder / "checkpoints",
        recipe,
        budget,
        device="cpu",
        resume=resume,
    )


def weights(folder):
    return torch.load(folder / "checkpoints" / train.CHECKPOINT, weights_only=True)["model"]


def test_an_exported_model_is_an_open_clip_directory(tmp_path):
    run(tmp_path, 16)
    folder = tmp_path / "model"
    config = json.loads((folder / export.CONFIG).read_text())
    assert config["preprocess_cfg"]["size"] == 32
    assert "patch_dropout" not in config["model_cfg"]["vision_cfg"]
    clip, tokenizer = export.read(folder)
    assert config["model_cfg"]["text_cfg"]["vocab_size"] == tokenizer.vocab_size
    trained = weights(tmp_path)
    for name, weight in clip.state_dict().items():
        if name != "attn_mask":
            assert torch.equal(weight, trained[name].half().float()), name
    rows = list(csv.DictReader((folder / export.LOG).read_text().splitlines()))
    assert set(rows[0]) == set(export.COLUMNS) if rows else True
    figures = json.loads((folder / export.FIGURES).read_text())
    assert set(figures) == {"pictures", "seed", *PARTS}
    assert figures["training"]["retrieval_at_128"]["chance"] == pytest.approx(1 / 128, abs=1e-4)
    card = (folder / export.CARD).read_text()
    found = 100 * figures["training"]["retrieval_at_128"]["value"]
    assert f"| its own caption among 128 | {found:.1f} (0.8)" in card
    words = Vocabulary.read(folder / CONCEPTS_FILE)
    assert {kind: list(terms) for kind, terms in words.by_kind.items()} == concepts()


def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch, unmeasured):
    straight, halted = tmp_path / "straight", tmp_path / "halted"
    recipe = replace(TINY, phases=((1.0, 0.5),))
    steps = []
    original = train._update

    def constant_rate(learner, batch, tokenizer, recipe, state, progress, threads):
        steps.append(int(batch.images.sum()))
        return original(learner, batch, tokenizer, recipe, state, 0.0, threads)

    monkeypatch.setattr(train, "_update", constant_rate)
    run(straight, 48, recipe=recipe)
    once = list(steps)
    steps.clear()
    run(halted, 24, recipe=recipe)  # in the middle of a pool
    run(halted, 48, resume=True, recipe=recipe)
    assert steps == once
    for name, weight in weights(straight).items():
        assert torch.equal(weight, weights(halted)[name]), name


def test_a_slim_checkpoint_is_small_and_can_be_gone_on_from(tmp_path, unmeasured):
    run(tmp_path / "first", 24)
    held = tmp_path / "first" / "checkpoints"
    small = tmp_path / "small.pt"
    assert train.main(["--out", "x", "--checkpoints", str(held), "--slim", str(small)]) == 0
    assert small.stat().st_size < 0.4 * (held / train.CHECKPOINT).stat().st_size
    budget = train.Budget(pictures=24)
    done = train.train(
        tmp_path / "model", tmp_path / "other", TINY, budget, device="cpu", begin=small
    )
    assert (done.step, done.pictures, done.warm_from) == (3, 24, 3)
    there = torch.load(tmp_path / "other" / train.CHECKPOINT, weights_only=True)["model"]
    for name, weight in weights(tmp_path / "first").items():
        assert torch.equal(there[name], weight.half().float()), name


def test_a_killed_training_leaves_a_checkpoint_that_resumes(tmp_path, unmeasured):
    script = textwrap.dedent(f"""
        from pathlib import Path
        from workbench.demo.training import train
        from workbench.demo.training.recipe import Recipe
        recipe = Recipe(
            architecture={TINY.architecture!r}, batch=8, pool=2, repeats=2, workers=0, warmup=2
        )
        budget = train.Budget(pictures=10**6, save_every=0.0, heldout_pictures=128)
        train.train(Path("model"), Path("checkpoints"), recipe, budget, device="cpu")
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    path = tmp_path / "checkpoints" / train.CHECKPOINT
    deadline = time.monotonic() + 120
    while not path.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = run(tmp_path, 1, resume=True)
    assert done.pictures >= 8
    assert done.pictures == 8 * done.step


def test_a_checkpoint_with_code_in_it_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    path = tmp_path / "checkpoints" / train.CHECKPOINT
    path.parent.mkdir()
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(RunError, match=train.CHECKPOINT):
        run(tmp_path, 16, resume=True)
    assert not (tmp_path / "sprung").exists()


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path, unmeasured):
    run(tmp_path, 8)
    wider = {**TINY.architecture, "embed_dim": 24}
    with pytest.raises(RunError, match="cannot be resumed"):
        run(tmp_path, 16, resume=True, recipe=replace(TINY, architecture=wider))


def test_the_budget_ends_at_whatever_comes_first():
    budget = train.Budget(pictures=100, minutes=2)
    assert budget.progress(50, 30) == 0.5
    assert budget.progress(10, 90) == 0.75
    assert budget.progress(0, 1000) == 1


def test_an_end_must_be_said(capsys, tmp_path):
    with pytest.raises(SystemExit) as stop:
        train.main(["--out", str(tmp_path)])
    assert stop.value.code == 2
    assert "--minutes" in capsys.readouterr().err
