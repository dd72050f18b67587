"""Measuring what the claims need: grids of detection, and changed forward passes. All resumable."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.benchmark.cell import Cell, Key
from workbench.benchmark.grid import check, outdated, run_grid
from workbench.claims.contrasts import POOLS
from workbench.claims.elicitation import DECIDING, elicit
from workbench.claims.plan import FACTORS, SWEEP_DRAWS, Plan
from workbench.claims.sweeps import contamination_grids, detection_grid
from workbench.clip.hooked import HookedCLIP
from workbench.evaluation.evaluate import labelled_tests
from workbench.evaluation.image_metrics import auroc
from workbench.evaluation.measure import mean_of
from workbench.excavation.features import BATCH
from workbench.files import write_json
from workbench.images.samples import Dataset, Sample
from workbench.images.stream import pictures
from workbench.images.support import support

log = logging.getLogger(__name__)


def measure(
    model: HookedCLIP,
    name: str,
    dataset: Dataset,
    plan: Plan,
    out: Path,
    *,
    batch_size: int = BATCH,
) -> None:
    """Compute every cell of the plan that has no file yet below `out`.

    `name` is the data set's, as in a benchmark. Raises what `check_data` raises, before any work.
    """
    check_data(dataset, plan)
    grid = detection_grid(plan)
    if grid is not None:
        run_grid(model, {name: dataset}, grid, out, batch_size=batch_size)
    if 5 in plan.claims:
        for category, replaced in contamination_grids(plan, dataset).items():
            alone = replace(dataset, samples=dataset[category])
            root = out / POOLS["contamination"]
            if outdated(root, name, category, replaced, dataset[category]):
                # Other support sets are contaminated by other images: all is judged without them.
                log.info("%s: other images contaminate now; its cells are computed anew", category)
                shutil.rmtree(root / "cells" / name / category)
            run_grid(model, {name: alone}, replaced, root, batch_size=batch_size)
    if 6 in plan.claims:
        for category in dataset.categories:
            _elicit(model, name, dataset[category], plan, out / POOLS["elicitation"], batch_size)


def check_data(dataset: Dataset, plan: Plan) -> None:
    """Raise what would stop the plan: `DataError` without tests, `SettingError` for few normals."""
    grid = detection_grid(plan)
    if grid is not None:
        check({"": dataset}, grid)
    for category in dataset.categories:
        labelled_tests(dataset[category])
        for seed in plan.seeds:
            support(dataset[category], plan.central, seed, plan.protocol)


def _elicit(
    model: HookedCLIP,
    data: str,
    samples: tuple[Sample, ...],
    plan: Plan,
    root: Path,
    batch_size: int,
) -> None:
    """Compute the changed forward passes of a category, one seed after the other.

    The cell of the unchanged model is written last: where it is, all others are.
    """
    category = samples[0].category
    tests = labelled_tests(samples)
    labels = [int(sample.label == 1) for sample in tests]
    write_json(
        root / "cells" / data / category / "images.json",
        [{"image": s.name, "label": s.label, "defect": s.defect} for s in tests],
    )
    for seed in plan.seeds:
        last = Key(data, category, "unchanged", plan.central, seed)
        if last.file(root).is_file():
            continue
        normals = support(samples, plan.central, seed, plan.protocol)
        found = elicit(
            model,
            category,
            pictures(normals),
            pictures(tests),
            plan,
            seed,
            batch_size=batch_size,
        )
        for method in sorted(found, key=lambda method: method == last.method):
            drawn = [draw.tolist() for draw in found[method]]
            values = [auroc(labels, draw).value for draw in drawn]
            cell = Cell(
                key=replace(last, method=method),
                support=tuple(sample.name for sample in normals),
                contaminating=(),
                measures={"image_auroc": {"value": mean_of(values)}},
                scores=tuple(tuple(draw) for draw in drawn),
                draws={"image_auroc": tuple(values)} if len(values) > 1 else {},
            )
            cell.write(root)


def cost(plan: Plan, dataset: Dataset) -> dict[str, Any]:
    """Return what measuring costs: cells, and forward passes of whole images (halves as halves)."""
    grid = detection_grid(plan)
    tests = {category: len(labelled_tests(dataset[category])) for category in dataset.categories}
    cells = sum(len(grid.keys("", c)) for c in tests) if grid else 0
    images = sum(tests.values())
    passes: Mapping[str, float] = {
        "detection": images if grid else 0,
        "contamination": images if 5 in plan.claims else 0,
        "elicitation": images * len(plan.seeds) * (1 + _halves(plan) / 2)
        if 6 in plan.claims
        else 0,
    }
    return {"cells": cells, "test images": images, "passes": dict(passes)}


def _halves(plan: Plan) -> int:
    """Return how often the later half of the tower runs for an image, with one support set."""
    beside = len(FACTORS)  # the factors that do not decide, and those of matched sets
    return 1 + len(FACTORS) + len(DECIDING) * plan.draws + beside * min(plan.draws, SWEEP_DRAWS)
