"""Watching neurons: patches fall into groups by the truth, and what was planted is found."""

import numpy as np
import torch
from PIL import Image

from workbench.cards.watching import ANOMALOUS, DEFECT, NORMAL, UNKNOWN, Truth, Watch, watch
from workbench.clip.neuron_set import NeuronSet
from workbench.images.samples import Sample
from workbench.images.stream import Picture

SITE = "blocks.1.hook_resid_post"
GRID = (3, 4)


def truth(group: str, *touched: int, known: bool = True) -> Truth:
    inside = np.ones(12, bool)
    marks = np.zeros(12, bool)
    marks[list(touched)] = True
    if group == DEFECT:
        inside = marks
    return Truth(group, inside, marks if known else None)


def test_the_group_of_a_patch_follows_from_label_and_mask(tmp_path):
    mask = np.zeros((30, 40), np.uint8)
    mask[0, 39] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")

    def read(label, *masks):
        return Truth.of(Sample(tmp_path / "a.png", "test", label, "x", masks), (30, 40), GRID)

    sound, cracked = read(0), read(1, tmp_path / "mask.png")
    assert (sound.group, sound.inside.all(), sound.touched.any()) == (NORMAL, True, False)
    assert (cracked.group, np.flatnonzero(cracked.inside).tolist()) == (DEFECT, [3])
    for label, group in ((1, ANOMALOUS), (None, UNKNOWN)):
        found = read(label)
        assert (found.group, found.inside.all(), found.touched) == (group, True, None)


def planted() -> tuple[torch.Tensor, list[Truth]]:
    """Six pictures; neuron 5 is high exactly on defects, neuron 2 is noise."""
    generator = torch.Generator().manual_seed(0)
    truths = [truth(NORMAL) for _ in range(3)] + [truth(DEFECT, at, at + 1) for at in (0, 4, 9)]
    patches = torch.randn(6, 12, 8, generator=generator)
    patches[:, :, 5] = 0.1 * patches[:, :, 5]
    for picture, one in zip(patches, truths, strict=True):
        picture[torch.from_numpy(one.touched), 5] += 4
    return patches, truths


def test_a_neuron_that_fires_on_defects_is_seen_to():
    patches, truths = planted()
    seen = Watch(NeuronSet(SITE, (2, 5)), GRID, k=6)
    seen.add(patches, truths)
    assert seen.touching == (6, 72)
    assert seen.groups[DEFECT].count == 6
    assert seen.groups[NORMAL].count == 36  # sound patches of cracked pictures are in no group
    assert seen.groups[DEFECT].mean[1] > 3.5
    assert abs(seen.groups[NORMAL].mean[1]) < 0.2
    pictures = [Picture(str(at)) for at in range(6)]
    top = seen.exemplars(pictures).top(f"{SITE}:1")
    assert all(seen.touches(one.image, one.row, one.column) for one in top)
    noise = seen.exemplars(pictures).top(f"{SITE}:0")
    assert sum(bool(seen.touches(one.image, one.row, one.column)) for one in noise) < 4


def test_batches_do_not_matter():
    patches, truths = planted()
    whole, parts = (Watch(NeuronSet(SITE, (2, 5)), GRID, k=6) for _ in range(2))
    whole.add(patches, truths)
    for at in range(0, 6, 4):
        parts.add(patches[at : at + 4], truths[at : at + 4])
    assert torch.equal(whole.ends, parts.ends)
    for group in (NORMAL, DEFECT):
        a, b = whole.groups[group], parts.groups[group]
        assert torch.allclose(a.mean, b.mean, atol=1e-6)
        assert torch.allclose(a.variance, b.variance, atol=1e-6)
    pictures = [Picture(str(at)) for at in range(6)]
    tables = [one.exemplars(pictures).top(f"{SITE}:1") for one in (whole, parts)]
    assert tables[0] == tables[1]


def test_the_ends_are_those_of_each_picture():
    patches, truths = planted()
    seen = Watch(NeuronSet(SITE, (2, 5)), GRID, k=2)
    seen.add(patches, truths)
    chosen = patches[:, :, [2, 5]]
    assert torch.equal(seen.ends, torch.stack([chosen.amin(1), chosen.amax(1)], 1))


def test_an_unknown_truth_stays_unknown():
    seen = Watch(NeuronSet(SITE, (0,)), GRID, k=2)
    seen.add(torch.randn(1, 12, 3), [truth(UNKNOWN, known=False)])
    assert seen.touches(0, 0, 0) is None
    assert seen.touching == (0, 0)


def test_several_sites_are_watched_in_one_pass(model, dataset, monkeypatch):
    samples = [sample for sample in dataset if sample.split == "test"]
    forwards = []
    patches = type(model).patches
    monkeypatch.setattr(
        type(model),
        "patches",
        lambda self, pixels, sites: forwards.append(list(sites)) or patches(self, pixels, sites),
    )
    sets = [NeuronSet(SITE, (3,)), NeuronSet("blocks.2.mlp.hook_post", (0, 9))]
    found = watch(model, samples, sets, k=3, seed=0, batch_size=len(samples))
    assert forwards == [[one.site for one in sets]]
    assert {site: one.neurons for site, one in found.items()} == {one.site: one for one in sets}
    assert found[SITE].groups.keys() == {NORMAL, DEFECT}
