"""Two thousand images and 3,072 x 12 neurons that a test can pay for: a narrow, deep CLIP."""

from pathlib import Path

from tests.surfaces import digests, draw_category
from tests.tiny import tiny_clip
from workbench.clip.hooked import HookedCLIP
from workbench.excavation.detector import Excavation
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.samples import Dataset

IMAGES, LAYERS, NEURONS = 2000, 12, 3072


def large(folder: Path) -> tuple[Excavation, Dataset]:
    """Return an excavation at a hidden layer of the middle block, and its category."""
    data = draw_category(folder / "metal_sheet", tests=IMAGES // 2)
    model = HookedCLIP(
        tiny_clip(layers=LAYERS, mlp_ratio=NEURONS / 32),
        name="deep",
        tokenizer=digests,
        mean=(0.48, 0.46, 0.41),
        std=(0.27, 0.26, 0.28),
    )
    return excavate(data, model, Settings(site="blocks.5.mlp.hook_post"), shots=4), data
