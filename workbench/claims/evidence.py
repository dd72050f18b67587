"""What was measured of each arm: the test images' labels, and their scores in every cell."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from workbench.benchmark.cell import Cell, Key
from workbench.claims.contrasts import POOLS, Arm, Pool
from workbench.errors import RunError

Place = tuple[str, str]  # data set and category
OTHERS = ("image_ap", "pixel_auroc", "pixel_aupro")
"""Metrics that stand beside image AUROC, without an interval."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """An arm's image scores: labels by (data set, category), scores by that and the seed."""

    labels: Mapping[Place, Int[np.ndarray, "image"]]
    scores: Mapping[tuple[Place, int], Float[np.ndarray, "draw image"]]
    others: Mapping[tuple[Place, int], Mapping[str, float | None]] = field(default_factory=dict)

    def seeds(self, place: Place) -> set[int]:
        """Return the seeds that are finished in a category."""
        return {seed for here, seed in self.scores if here == place}

    @property
    def draws(self) -> int:
        """The most random draws of any cell; 1 where nothing is random."""
        return max((len(scores) for scores in self.scores.values()), default=1)

    @property
    def tied(self) -> float:
        """The share of images that have the score of another one, over all cells."""
        shares = [
            1 - (np.unique(draw, return_counts=True)[1] == 1).sum() / max(1, len(draw))
            for scores in self.scores.values()
            for draw in scores
        ]
        return float(np.mean(shares)) if shares else 0.0


def read_evidence(folder: Path) -> dict[Arm, Evidence]:
    """Return the arms of every finished cell in a folder of `claims` or `benchmark`.

    Raises `RunError` for a cell that is damaged.
    """
    found: dict[Arm, Evidence] = {}
    for pool, below in POOLS.items():
        found |= _read_pool(folder / below, pool)
    return found


def _read_pool(root: Path, pool: Pool) -> dict[Arm, Evidence]:
    labels: dict[Place, Int[np.ndarray, image]] = {}
    scores: dict[Arm, dict[tuple[Place, int], Float[np.ndarray, "draw image"]]] = defaultdict(dict)
    others: dict[Arm, dict[tuple[Place, int], Mapping[str, float | None]]] = defaultdict(dict)
    for file in sorted((root / "cells").glob("*/*/*/*.json")):
        cell = _read_cell(file, root)
        key = cell.key
        place = (key.data, key.category)
        if place not in labels:
            labels[place] = _read_labels(file.parents[1] / "images.json")
        values = np.array(cell.scores, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(labels[place]):
            raise _damaged(file, f"it has not {len(labels[place])} scores a draw")
        arm = Arm(key.method, key.shots, key.contaminated, pool)
        scores[arm][place, key.seed] = values
        others[arm][place, key.seed] = {
            name: cell.value(name) for name in OTHERS if name in cell.measures
        }
    return {
        arm: Evidence({place: labels[place] for place, _ in cells}, cells, others[arm])
        for arm, cells in scores.items()
    }


def _read_cell(file: Path, root: Path) -> Cell:
    try:
        key = Key(**json.loads(file.read_bytes())["key"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _damaged(file, str(error)) from error
    cell = Cell.read(key, root)
    if cell is None:
        raise _damaged(file, "it is of another cell")
    return cell


def _read_labels(file: Path) -> Int[np.ndarray, "image"]:
    try:
        rows: list[dict[str, Any]] = json.loads(file.read_bytes())
        return np.array([int(row["label"] == 1) for row in rows], dtype=np.int64)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _damaged(file, str(error)) from error


def _damaged(file: Path, why: str) -> RunError:
    return RunError(f"{file} is damaged ({why}). Delete it and resume: it is computed again.")
