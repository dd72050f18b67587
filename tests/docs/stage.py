"""A folder with everything that the documents' code names, as small as it can be."""

import shutil
from pathlib import Path

import numpy as np

import workbench
from tests.docs.blocks import ROOT
from tests.figures import folders

NORMALS, TESTS = 5, 2
CATEGORIES = {"metal": ("good", "dent", "scratch"), "fabric": ("good", "stain", "hole")}


def build(stage: Path, model) -> Path:
    """Draw nothing, copy a few demo images to where the documents look for pictures."""
    demo = ROOT / "data" / "demo"
    for category, kinds in CATEGORIES.items():
        train = Path(category, "train", "good")
        _copy(demo / train, stage / "data" / "demo" / train, NORMALS)
        for kind in kinds:
            test, masks = Path(category, "test", kind), Path(category, "ground_truth", kind)
            _copy(demo / test, stage / "data" / "demo" / test, TESTS)
            if kind != "good":
                _copy(demo / masks, stage / "data" / "demo" / masks, TESTS)
    normal, worn = demo / "metal" / "train" / "good", demo / "metal" / "test" / "dent"
    for name, most in (("my_normal_bolts", NORMALS), ("photos", NORMALS), ("my_bolts/normal", 8)):
        _copy(normal, stage / name, most)
    _copy(worn, stage / "new_photos", 2)
    _copy(worn, stage / "my_bolts" / "abnormal", 2)
    shutil.copy(next(iter(sorted(worn.iterdir()))), stage / "photo.jpg")
    (stage / "castings.txt").write_text("rust\ndent\ncrack\nscratch\nhole\nstain\n", "utf-8")
    folders.benchmark(stage / "out" / "benchmark")
    folders.claims(stage / "out" / "claims")
    sites = ["blocks.3.mlp.hook_post", "blocks.2.hook_resid_post"]
    workbench.record(stage / "photos", model, stage / "photos.store", sites=sites, tokens="all")
    return stage


def given(document: Path) -> dict:
    """Return the names that a page takes for given: arrays of the reader's own."""
    if document.name not in ("README.md", "metrics.md"):
        return {}
    rng = np.random.default_rng(0)
    labels = [0, 0, 0, 1, 1, 1]
    masks = [np.zeros((32, 32), bool) for _ in labels]
    for mask, label in zip(masks, labels, strict=True):
        mask[4:9, 4:9] = label
    maps = [rng.normal(size=(32, 32)) + mask for mask in masks]
    return {"labels": labels, "scores": [m.max() for m in maps], "maps": maps, "masks": masks}


def _copy(source: Path, target: Path, most: int) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir())[:most]:
        shutil.copy(file, target / file.name)
