"""Claims put to planted features: where the truth is known, the ledger must say it, either way.

The towers are real and run whole. Their weights are set so that four channels of the residual
stream read the quadrants of a patch's red, 26 mixtures of its blue, and two hold a constant,
against which LayerNorm measures all; every block passes its input on. Pictures are then drawn so
that the anomaly is in the one or in the other.
"""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny import tiny_model
from workbench.claims.evidence import read_evidence
from workbench.claims.judging import judge
from workbench.claims.measuring import measure
from workbench.claims.plan import Plan
from workbench.excavation.excavate import excavate
from workbench.images.layouts import read_dataset

RED, K = tuple(range(4)), 4
PLAN = Plan((1, 2), k=K, width=32, layers=1, shots=(2,), seeds=(0,), draws=20)


def reading_model():
    model = tiny_model()
    rng = torch.Generator().manual_seed(5)
    mixtures = 0.5 * torch.randn(13, 4, generator=rng)
    with torch.no_grad():
        for name, weight in model.clip.visual.named_parameters():
            if name.startswith(("transformer", "ln_pre.bias", "positional")):
                if "out_proj" in name or "c_proj" in name or "transformer" not in name:
                    weight.zero_()
            elif name == "ln_pre.weight":
                weight.fill_(1)
        kernels = torch.zeros(32, 3, 8, 8)
        quadrants = [
            (slice(4 * i, 4 * i + 4), slice(4 * j, 4 * j + 4)) for i in (0, 1) for j in (0, 1)
        ]
        for number, (rows, columns) in enumerate(quadrants):
            kernels[number, 0, rows, columns] = 1 / 16
            both = torch.cat([mixtures, -mixtures])[:, number]  # sums to 0: LayerNorm sees no shift
            kernels[4:30, 2, rows, columns] = both[:, None, None] / 16
        model.clip.visual.conv1.weight.copy_(kernels)
        model.clip.visual.positional_embedding[:, 30:] = torch.tensor([6.0, -6.0])
    return model


def noise_where_it_varies(rng, odd):
    """Red is noise, blue is even; the odd patch has its blue turned round."""
    red, blue = rng.uniform(-2, 2, (4, 4, 2, 2)), 1 + 0.05 * rng.standard_normal((4, 4, 2, 2))
    if odd:
        blue[tuple(rng.integers(4, size=2))] *= -1
    return red, blue


def signal_where_it_varies(rng, odd):
    """Red differs in strength, not in form, blue is weak noise; the odd patch's red is turned."""
    red = rng.uniform(0.5, 2, (4, 4, 1, 1)) * np.ones((4, 4, 2, 2))
    if odd:
        red[tuple(rng.integers(4, size=2))] *= -1
    return red, rng.uniform(-0.2, 0.2, (4, 4, 2, 2))


def draw(world, root, tests=14):
    rng = np.random.default_rng(7)
    for place, count, odd in (
        ("train/good", 4, False),
        ("test/good", tests, False),
        ("test/odd", tests, True),
    ):
        folder = root / "planted" / place
        folder.mkdir(parents=True)
        for number in range(count):
            red, blue = (
                np.kron(part.transpose(0, 2, 1, 3).reshape(8, 8), np.ones((4, 4)))
                for part in world(rng, odd)
            )
            values = np.stack([red, np.zeros_like(red), blue], axis=2)
            pixels = np.clip((values * 0.25 + 0.5) * 255, 0, 255).round().astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number:03d}.png")
    return read_dataset(root / "planted")


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (noise_where_it_varies, {1: "does not hold", 2: "does not hold"}),
        # all channels find every anomaly too, as the four do: nothing tells them apart
        (signal_where_it_varies, {1: "holds", 2: "undecided"}),
    ],
)
def test_the_ledger_says_what_was_planted(world, expected, tmp_path):
    model, dataset = reading_model(), draw(world, tmp_path)
    found = excavate(dataset["planted"], model, shots=2, k=K)
    assert set(found.neurons.indices) == set(RED)  # what varies most is where it was planted
    measure(model, "drawn", dataset, PLAN, tmp_path / "claims")
    ledger = judge(read_evidence(tmp_path / "claims"), PLAN, model={"name": "reading"})
    verdicts = {entry.statement.number: entry.verdict for entry in ledger.entries}
    assert verdicts == expected
