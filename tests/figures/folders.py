"""Folders of results as the verbs write them, made from cells and ledgers that nobody measured."""

from pathlib import Path

from tests.benchmark.grids import made_up
from workbench.benchmark.cell import Key
from workbench.benchmark.identity import SCHEMA, begin
from workbench.benchmark.results import write_results
from workbench.claims.effects import Effect
from workbench.claims.ledger import Comparison, Entry, Ledger, Point, Sweep
from workbench.claims.plan import Plan
from workbench.claims.statements import MORE, chosen
from workbench.files import write_json

__all__ = ["PLAN", "benchmark", "claims"]

PLAN = Plan(claims=(1, 2, 3, 4, 5), k=8, width=32, layers=2, shots=(1, 4), seeds=(0, 1), draws=3)
_SWEEPS = {
    1: ("layer", {"top 8": {0: 60.0, 1: 64.0}, "bottom 8": {0: 50.0}, "PCA to 8": {0: 55.0}}),
    2: ("K, % of all channels", {"top K": {5: 61.0, 25: 66.0}, "K random": {5: 58.0, 25: 62.0}}),
    3: ("text weight", {"standardised fusion": {0.0: 60.0, 0.3: 70.0, 1.0: 65.0}}),
    4: ("shots", {"LAKE": {1: 60.0, 4: 68.0}}),
    5: ("contaminated images of 4", {"LAKE": {0: 70.0, 1: 66.0}}),
}


def benchmark(out: Path, methods=("lake", "random_k"), shots=(1, 4), seeds=(0, 1)) -> Path:
    """Two categories: `lake` scores every image rightly, all others every image wrongly."""
    _begin(out)
    cells = []
    for category in ("bolt", "nut"):
        images = [
            {"image": f"{i}.png", "label": i % 2, "defect": "bent" if i % 2 else "good"}
            for i in range(6)
        ]
        write_json(out / "cells" / "set" / category / "images.json", images)
        for method in methods:
            for number in shots:
                for seed in seeds:
                    right = 1 if method == "lake" else -1
                    scores = [[right * (image["label"] + i / 10) for i, image in enumerate(images)]]
                    value = 0.6 + 0.02 * number + 0.01 * seed
                    cells.append(made_up(Key("set", category, method, number, seed), value, scores))
    write_results(out, cells)
    return out


def claims(out: Path, numbers=(1, 2, 3, 4, 5)) -> Path:
    """A folder with a ledger of the claims; intervals reach 2 points to either side."""
    _begin(out, {"claims": {"command": "workbench claims set --out c", "plan": PLAN.to_dict()}})
    effect = Effect(1.0, 0.5, 1.5, images=20, seeds=2, categories={"set bolt": 1.0})
    entries = [
        Entry(
            chosen((number,))[0],
            "holds",
            (Comparison("a - b", str(MORE), True, effect, "holds", {}),),
            Sweep(
                _SWEEPS[number][0],
                tuple(
                    Point(series, x, value, value - 2, value + 2)
                    for series, values in _SWEEPS[number][1].items()
                    for x, value in values.items()
                ),
            ),
        )
        for number in numbers
    ]
    ledger = Ledger({"name": "tiny"}, ("set",), PLAN.to_dict(), tuple(entries))
    write_json(out / "ledger.json", {"schema": 1, "command": "c", **ledger.to_dict()})
    return out


def _begin(out: Path, more=None) -> None:
    identity = {
        "schema": SCHEMA,
        "model": {"name": "tiny", "source": "random:0"},
        "data": {"set": {"bolt": "aa", "nut": "bb"}},
        "protocol": {"support": "nested"},
    }
    content = {
        "identity": identity,
        "command": "workbench benchmark set --out b",
        "grid": {"methods": {}, "shots": [1, 4], "seeds": [0, 1]},
        **(more or {}),
    }
    begin(out, content, resume=False)
