"""A small category whose names are markup with quotes, of an untrained model."""

from dataclasses import replace
from pathlib import Path

from tests.surfaces import draw_category, make_model
from workbench.excavation.detector import Excavation
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.samples import Sample

EVIL = """<img src=x onerror="window.hit='1'"> & "quotes" </script><b>bold</b> a long name"""


def hostile(folder: Path) -> tuple[Excavation, list[Sample]]:
    """Return an excavation and its test images; category, names and defects are `EVIL`."""
    data = draw_category(folder / "metal_sheet")
    excavation = excavate(data, make_model(), Settings(k=8), shots=3)
    samples = [
        replace(sample, name=f"{number} {EVIL}.png", defect=EVIL)
        for number, sample in enumerate(data)
        if sample.split == "test"
    ]
    return replace(excavation, category=EVIL), samples
