"""Made-up benchmarks and ledgers of claims: invented figures, every part present."""

import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.pages.reports import METRICS, category
from workbench.evaluation.measure import Measure
from workbench.pages.inputs import BenchmarkReport, Claim, ClaimsReport, SweepFigure

METHODS = {
    "lake": ("LAKE", "The K most variable channels, cosine distance to the nearest patch."),
    "full_knn": ("Full-dimensional kNN", "Every channel; otherwise as LAKE."),
    "patchcore": ("PatchCore’s recipe", "Two middle layers, pooled, greedy coreset of 10 %."),
    "winclip": ("WinCLIP’s recipe, zero-shot", "Windows against prompts; no support."),
}
SHOTS = {"lake": (1, 4), "full_knn": (1, 4), "patchcore": (1, 4), "winclip": (0,)}


def cells(seeds: Sequence[int] = (0, 1, 2), categories: Sequence[str] = ("tile", "grille")):
    rng = np.random.default_rng(5)
    rows = []
    for index, method in enumerate(METHODS):
        for shots in SHOTS[method]:
            for seed in seeds if shots else (0,):
                for name in categories:
                    level = 0.7 + 0.04 * index + 0.02 * shots
                    row = {"category": name, "method": method, "shots": shots, "seed": seed}
                    for metric in METRICS:
                        value = float(np.clip(level + rng.normal(0, 0.02), 0, 1))
                        row |= {
                            metric: value,
                            f"{metric}_low": value - 0.05,
                            f"{metric}_high": min(value + 0.05, 1.0),
                        }
                    rows.append(row)
    return rows


def means(rows):
    found = []
    for method, shots in dict.fromkeys((row["method"], row["shots"]) for row in rows):
        own = [row for row in rows if (row["method"], row["shots"]) == (method, shots)]
        line = {"method": method, "shots": shots}
        for metric in METRICS:
            seeds = sorted({row["seed"] for row in own})
            per_seed = [
                statistics.fmean(row[metric] for row in own if row["seed"] == s) for s in seeds
            ]
            sd = statistics.stdev(per_seed) if len(per_seed) > 1 else None
            line[metric] = (statistics.fmean(per_seed), sd)
        found.append(line)
    return found


PUBLISHED = [
    {
        "source": "Jeong et al., WinCLIP, CVPR 2023",
        "method": "WinCLIP+",
        "backbone": "ViT-B/16+ 240",
        "shots": 1,
        "dataset": "MVTec AD",
        "image_auroc": 0.931,
        "pixel_auroc": 0.952,
        "pixel_aupro": 0.871,
    },
    {
        "source": "Li et al., 2026",
        "method": "LAKE",
        "backbone": "",
        "shots": None,
        "dataset": "MVTec AD",
        "image_auroc": 0.947,
    },
]


def benchmark(**changes: object) -> BenchmarkReport:
    rows = cells()
    made = BenchmarkReport(
        title="Benchmark on drawn products",
        command="workbench benchmark data --shots 1,4 --seeds 0-2 --out bench",
        model={"name": "tiny", "fingerprint": "sha256:0123abcd"},
        protocol={"shots": [1, 4], "seeds": [0, 1, 2], "protocol": "nested", "site": "blocks.2"},
        rows=rows,
        summary=means(rows),
        methods=METHODS,
        published=PUBLISHED,
        timing=[
            {"method": "lake", "seconds_per_image": 0.0123, "gallery_bytes": 160_000},
            {"method": "full_knn", "seconds_per_image": 0.0234, "gallery_bytes": 614_400},
        ],
        limits=["Invented figures."],
        categories=[category("tile"), category("grille")],
        definitions={"image_auroc": "exact"},
        versions={"numpy": "2.9"},
        data=["2 categories"],
    )
    return replace(made, **changes)


def sweep_figure(**changes: object) -> SweepFigure:
    made = SweepFigure(
        "K",
        [5, 25, 100, 384],
        {
            "most sensitive K": (
                [0.6, 0.7, 0.74, 0.75],
                [0.55, 0.66, 0.7, 0.71],
                [0.66, 0.75, 0.79, 0.8],
            ),
            "random K": ([0.58, 0.69, 0.74, None], [0.5, 0.6, 0.7, None], [0.64, 0.75, 0.78, None]),
        },
        reference=0.75,
        caption="The dashed line: all channels.",
    )
    return replace(made, **changes)


def claim(number: int = 1, **changes: object) -> Claim:
    made = Claim(
        number=number,
        statement="The most sensitive K beat as many random ones.",
        verdict="undecided",
        effect=Measure("top K minus random K", 0.004, "paired", low=-0.021, high=0.03),
        compared="Image AUROC of the top 100 minus the mean of 20 random sets of 100.",
        rule="Holds if the whole interval is above 0; does not hold if it is all below.",
        figures=[sweep_figure()],
        rows=[{"K": 5, "top": 0.6, "random": 0.58}, {"K": 25, "top": 0.7, "random": 0.69}],
        note="One model, one data set.",
    )
    return replace(made, **changes)


def ledger(*claims: Claim, **changes: object) -> ClaimsReport:
    made = ClaimsReport(
        title="Six claims, tried on drawn products",
        command="workbench claims data",
        model={"name": "tiny", "fingerprint": "sha256:0123abcd"},
        data=["2 categories"],
        claims=list(claims)
        or [
            claim(1),
            claim(
                2,
                statement="Many words harm.",
                verdict="holds",
                effect=Measure("w", -0.08, "paired", low=-0.11, high=-0.05),
                figures=[
                    sweep_figure(
                        x_name="text weight",
                        x=[0.0, 0.3, 0.5, 1.0],
                        series={"fused": ([0.7, 0.72, 0.69, 0.5], [0.66] * 4, [0.75] * 4)},
                    )
                ],
            ),
            claim(
                3,
                statement="Silencing the neurons makes the text score worse.",
                verdict="does not hold",
                effect=Measure("w", 0.03, "paired", low=0.01, high=0.06),
                figures=[
                    sweep_figure(
                        x_name="which",
                        x=["as it is", "amplified", "silenced"],
                        series={"text": ([0.5, 0.55, 0.6], [0.4, 0.5, 0.52], [0.58, 0.62, 0.66])},
                        reference=0.5,
                    )
                ],
            ),
        ],
        protocol={"seeds": [0, 1]},
        versions={"numpy": "2.9"},
    )
    return replace(made, **changes)
