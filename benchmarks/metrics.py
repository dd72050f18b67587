"""What the pixel metrics cost against the libraries that people use, and whether they agree.

Run by hand: `python benchmarks/metrics.py [--megapixels 22 105] [--rounds 3]`. All contenders get
the same maps and masks, on disk, and run in processes of their own, in turn within each round, so
that a machine that slows down slows all of them; a ratio is the median over rounds of (the five
exact metrics of scikit-learn and a direct PRO / contender, in the same round). Seconds on the clock
say little where other programs want the same cores; those of CPU stand beside them. Memory is what
a contender's peak adds to its process after its libraries are loaded and have been used once
(Linux). A contender that computes something else, or less, has no ratio. `--peers-python` names an
interpreter with torchmetrics and anomalib in it.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
BASE = "scikit-learn + direct PRO"
SAME = ("one pass", "one pass, with intervals", "global sort")
PEERS = ("torchmetrics", "anomalib AUPRO")
RANGES = ("plain", "heavy tails", "narrow")


def write_maps(folder: Path, images: int, side: int, kind: str) -> None:
    """Smooth noise, and on every other image one to four defects that stand out somewhat."""
    from scipy.ndimage import gaussian_filter

    folder.mkdir(parents=True, exist_ok=True)
    shape = (images, side, side)
    maps = np.lib.format.open_memmap(folder / "maps.npy", "w+", np.float32, shape)
    masks = np.lib.format.open_memmap(folder / "masks.npy", "w+", np.bool_, shape)
    for index in range(images):
        rng = np.random.default_rng(index)
        scores = gaussian_filter(rng.standard_normal((side, side), dtype=np.float32), 4) * 14
        mask = np.zeros((side, side), bool)
        for _ in range(1 + index % 4 if index % 2 else 0):
            row, column = rng.integers(0, side - side // 8, 2)
            mask[row : row + side // 8, column : column + side // 8] = True
        scores[mask] += 1.5 + rng.random()
        if kind == "heavy tails":
            scores = np.sign(scores) * np.expm1(3 * np.abs(scores))
        if kind == "narrow":
            scores = 0.9 + 1e-3 * scores
        maps[index], masks[index] = scores, mask
    maps.flush()
    masks.flush()


def measured(name: str, folder: Path, python: str) -> dict | None:
    command = [python, str(HERE / "metrics_contenders.py"), name, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        print(f"  {name}: left out ({reason[:150]})")
        return None
    return json.loads(done.stdout.splitlines()[-1])


def rounds_of(folder: Path, options: argparse.Namespace) -> dict[str, list[dict]]:
    pythons = dict.fromkeys((BASE, *SAME), sys.executable)
    if options.peers_python:
        pythons |= dict.fromkeys(PEERS, options.peers_python)
    found: dict[str, list[dict]] = {name: [] for name in pythons}
    for _ in range(options.rounds):
        for name, python in pythons.items():
            if name in found and (result := measured(name, folder, python)) is not None:
                found[name].append(result)
            elif name in found:
                del found[name]
    return found


def show(found: dict[str, list[dict]]) -> list[dict]:
    rows = []
    print(
        f"  {'':28}{'seconds':>9}{'ratio':>8}{'of CPU':>8}{'ratio':>8}{'MB':>8}"
        "  largest difference to the exact value"
    )
    for name, results in found.items():
        exact = found[BASE][0]["values"]
        values = results[0]["values"]
        off = max(abs(values[key] - exact[key]) for key in exact if key in values)
        row = {
            "contender": name,
            "seconds": statistics.median(result["seconds"] for result in results),
            "cpu": statistics.median(result["cpu"] for result in results),
            "megabytes": statistics.median(result["megabytes"] for result in results),
            "difference": off,
            "values": values,
        }
        ratios = {"seconds": "", "cpu": ""}
        if name in SAME:
            for clock in ratios:
                pairs = zip(found[BASE], results, strict=True)
                row[f"ratio_{clock}"] = statistics.median(b[clock] / r[clock] for b, r in pairs)
                ratios[clock] = f"{row[f'ratio_{clock}']:.1f}x"
        rows.append(row)
        print(
            f"  {name:28}{row['seconds']:9.2f}{ratios['seconds']:>8}"
            f"{row['cpu']:8.2f}{ratios['cpu']:>8}{row['megabytes']:8.0f}  {off:.1e}"
            f"  ({len(values)} metrics)"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--megapixels", type=int, nargs="+", default=[22, 105])
    parser.add_argument("--ranges", nargs="+", choices=RANGES, default=list(RANGES[:1]))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=1000, help="pixels per side of a map")
    parser.add_argument("--peers-python", help="interpreter with torchmetrics and anomalib in it")
    parser.add_argument("--scratch", type=Path, help="folder for the maps")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="metrics", dir=options.scratch))
    result = {}
    try:
        for megapixels in options.megapixels:
            for kind in options.ranges:
                folder = scratch / f"{megapixels} {kind}"
                images = max(2, round(megapixels * 1e6 / options.side**2))
                write_maps(folder, images, options.side, kind)
                write_maps(folder / "tiny", 4, 200, kind)
                print(f"{images} maps of {options.side} x {options.side}, {kind} scores:")
                result[folder.name] = show(rounds_of(folder, options))
                shutil.rmtree(folder)
                if options.json:
                    options.json.write_text(json.dumps(result, indent=2) + "\n")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
