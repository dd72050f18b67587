"""Made-up reports: drawn pictures and invented figures, every part present."""

from dataclasses import replace

import numpy as np
from PIL import Image

from workbench.evaluation.curves import Curve
from workbench.evaluation.measure import Measure
from workbench.evaluation.threshold import Threshold
from workbench.pages.inputs import Cases, CategoryReport, Example, ReportInput

METRICS = {
    "image_auroc": 0.9123,
    "image_ap": 0.8765,
    "image_f1_max": 0.8512,
    "image_fpr95": 0.2211,
    "image_balanced_accuracy": 0.8034,
    "pixel_auroc": 0.9456,
    "pixel_ap": 0.3456,
    "pixel_f1_max": 0.4012,
    "pixel_aupro": 0.8123,
    "pixel_aupro_05": 0.6123,
    "pixel_aupimo": 0.3311,
}
MEASURES = {
    name: Measure(
        name,
        value,
        "as defined",
        threshold=0.71 if name == "image_f1_max" else None,
        low=max(value - 0.05, 0.0),
        high=min(value + 0.04, 1.0),
        bound=2e-5 if name == "pixel_auroc" else None,
    )
    for name, value in METRICS.items()
}


def undefined(name: str, reason: str) -> Measure:
    return Measure(name, None, "as defined", undefined=reason)


def curves() -> dict[str, Curve]:
    x = np.linspace(0, 1, 40)
    made = {
        "image_roc": x**0.3,
        "image_pr": 1 - 0.5 * x**3,
        "pixel_roc": x**0.1,
        "pixel_pr": 1 - x**0.5,
        "pixel_pro": x**0.4,
    }
    return {name: Curve(x, y, "x", "y") for name, y in made.items()}


CONTROLS = {
    "top": {"image_auroc": 0.9034},
    "bottom": {"image_auroc": 0.5512},
    "random": {"image_auroc": 0.7723, "image_auroc_sd": 0.0187},
    "all": {"image_auroc": 0.8945},
    "visual_only": {"image_auroc": 0.9034},
    "text_only": {"image_auroc": 0.6178},
}


def picture(seed: int, size: int = 64) -> Image.Image:
    rng = np.random.default_rng(seed)
    pixels = (
        120 + 50 * np.sin(np.arange(size) / 4)[None, :, None] + rng.normal(0, 6, (size, size, 3))
    )
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def example(seed: int, label: int, **changes: object) -> Example:
    heat = np.random.default_rng(seed).uniform(0, 0.4, (64, 64))
    mask = np.zeros((64, 64), bool)
    if label:
        mask[20:34, 30:44] = True
        heat[mask] += 1.0
    made = Example(
        name=f"test/{'crack' if label else 'good'}/{seed:03}.png",
        picture=picture(seed),
        anomaly_map=heat,
        score=float(heat.max()),
        label=1 if label else 0,
        defect="crack" if label else "",
        mask=mask,
        neurons=[("blocks.2.hook_resid_post:17", 0.31), ("blocks.2.hook_resid_post:4", 0.125)],
        patch=(3, 4),
        grid=(8, 8),
    )
    return replace(made, **changes)


def category(name: str = "tile", **changes: object) -> CategoryReport:
    rng = np.random.default_rng(len(name))
    made = CategoryReport(
        name=name,
        measures=MEASURES,
        scores=np.concatenate([rng.normal(0.4, 0.1, 8), rng.normal(1.0, 0.3, 12)]),
        labels=[0] * 8 + [1] * 12,
        sensitivity=np.exp(rng.normal(0, 1.5, 48)),
        selected=list(range(10)),
        value_range=(0.1, 1.2),
        examples=[example(1, 0), example(2, 1)],
        controls=CONTROLS,
        support=["train/good/000.png", "train/good/003.png"],
        support_pictures=[picture(7), picture(8)],
        curves=curves(),
        defects=[""] * 8 + ["crack"] * 7 + ["scratch"] * 5,
        threshold=Threshold(0.62, 0.05, "conformal", 20, "the largest held-out score"),
        cases=[
            Cases("false alarms", "All of them, highest first.", 1, [example(3, 0)]),
            Cases("badly placed", "Those beside it.", 9, [example(4, 1, note="AUPIMO 0.0")]),
        ],
        text=Measure("image AUROC", 0.41, "exact", low=0.33, high=0.49),
    )
    return replace(made, **changes)


def report(*categories: CategoryReport, **changes: object) -> ReportInput:
    made = ReportInput(
        title="LAKE on drawn products",
        command="workbench demo --out run",
        model={"name": "tiny", "fingerprint": "sha256:0123abcd", "image_size": [32, 32]},
        settings={"site": "blocks.2.hook_resid_post", "k": 10, "shots": 2, "text_weight": 0.3},
        categories=list(categories) or [category("tile"), category("grille")],
        mean=METRICS,
        controls=CONTROLS,
        definitions={"pixel_auroc": "exact, at the images' own size"},
        versions={"numpy": "2.9"},
        seconds={"score": 12.5},
        data=["2 categories, 40 test images"],
        protocol={"support": "nested", "contaminated": 0},
    )
    return replace(made, **changes)
