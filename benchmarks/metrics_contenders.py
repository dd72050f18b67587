"""One contender of the metrics benchmark, in a process of its own: seconds, memory, values.

Called by `metrics.py`: `metrics_contenders.py NAME FOLDER` prints one line of JSON.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

Values = dict[str, float]


def images(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray, str]]:
    """Maps and masks one by one: only a contender that keeps them holds them."""
    files = [folder / "maps.npy", folder / "masks.npy"]
    headers = [np.load(file, mmap_mode="r") for file in files]
    for index in range(len(headers[0])):
        scores, mask = (
            np.fromfile(file, h.dtype, h[0].size, offset=h.offset + index * h[0].nbytes)
            for file, h in zip(files, headers, strict=True)
        )
        yield scores.reshape(headers[0][0].shape), mask.reshape(headers[1][0].shape), str(index)


def one_pass(folder: Path, draws: int = 0) -> Values:
    """Two readings: one for the sample, one for the metrics."""
    from workbench.evaluation import PixelMetrics

    rng = np.random.default_rng(0)
    count = (1 << 20) // len(np.load(folder / "maps.npy", mmap_mode="r"))
    taken = [scores.ravel()[rng.integers(0, scores.size, count)] for scores, *_ in images(folder)]
    pixels = PixelMetrics(np.concatenate(taken).astype(np.float64), draws=draws)
    for image in images(folder):
        pixels.add(*image)
    return {k: m.value for k, m in pixels.result().items() if m.value is not None}


def one_pass_with_intervals(folder: Path) -> Values:
    return one_pass(folder, draws=200)


def global_sort(folder: Path) -> Values:
    from workbench.evaluation import ExactPixelMetrics

    pixels = ExactPixelMetrics(draws=0)
    for image in images(folder):
        pixels.add(*image)
    return {k: m.value for k, m in pixels.result().items() if m.value is not None}


def scikit_learn_and_direct_pro(folder: Path) -> Values:
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    maps, masks = np.load(folder / "maps.npy"), np.load(folder / "masks.npy")
    truth, scores = masks.ravel(), maps.ravel()
    precision, recall, _ = precision_recall_curve(truth, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    return {
        "pixel_auroc": float(roc_auc_score(truth, scores)),
        "pixel_ap": float(average_precision_score(truth, scores)),
        "pixel_f1_max": float(f1.max()),
        "pixel_aupro": direct_pro(maps, masks, 0.30),
        "pixel_aupro_05": direct_pro(maps, masks, 0.05),
    }


def direct_pro(maps: np.ndarray, masks: np.ndarray, limit: float) -> float:
    """Every pixel in the order of its score, as MVTec's evaluation does it."""
    from scipy.ndimage import label

    gain, components = np.zeros(maps.shape), 0
    for index, mask in enumerate(masks):
        labelled, count = label(mask, np.ones((3, 3)))
        areas = np.bincount(labelled.ravel())
        gain[index][mask] = 1 / areas[labelled[mask]]
        components += count
    order = np.argsort(maps, axis=None)[::-1]
    normal = ~masks.ravel()[order]
    fpr = np.cumsum(normal, dtype=np.float64) / normal.sum()
    pro = np.cumsum(gain.ravel()[order]) / components
    scores = maps.ravel()[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    x, y = np.append(0, fpr[last_of_tie]), np.append(0, pro[last_of_tie])
    inside = int(np.searchsorted(x, limit, side="right"))
    x, y = np.append(x[:inside], limit), np.append(y[:inside], np.interp(limit, x, y))
    return float(np.trapezoid(y, x) / limit)


def torchmetrics_exact(folder: Path) -> Values:
    """The three that it has with exact thresholds; it has no PRO."""
    import torch
    from torchmetrics.functional.classification import (
        binary_auroc,
        binary_average_precision,
        binary_precision_recall_curve,
    )

    scores = torch.from_numpy(np.load(folder / "maps.npy").ravel())
    scores = torch.sigmoid(scores)  # it would do so itself, and say nothing
    truth = torch.from_numpy(np.load(folder / "masks.npy").ravel()).int()
    precision, recall, _ = binary_precision_recall_curve(scores, truth)
    f1 = 2 * precision * recall / (precision + recall).clamp_min(1e-12)
    return {
        "pixel_auroc": float(binary_auroc(scores, truth)),
        "pixel_ap": float(binary_average_precision(scores, truth)),
        "pixel_f1_max": float(f1.max()),
    }


def anomalib_aupro(folder: Path) -> Values:
    import torch
    from anomalib.metrics.aupro import _AUPRO

    metric = _AUPRO(fpr_limit=0.30)
    for scores, mask, _ in images(folder):
        metric.update(torch.from_numpy(scores)[None], torch.from_numpy(mask)[None].int())
    return {"pixel_aupro": float(metric.compute())}


CONTENDERS = {
    "one pass": one_pass,
    "one pass, with intervals": one_pass_with_intervals,
    "global sort": global_sort,
    "scikit-learn + direct PRO": scikit_learn_and_direct_pro,
    "torchmetrics": torchmetrics_exact,
    "anomalib AUPRO": anomalib_aupro,
}


def memory(what: str) -> int:
    """In kB. Not `getrusage`, whose peak a process inherits from the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    tiny = folder / "tiny"
    CONTENDERS[name](tiny)  # imports and first calls are not what is measured
    before = memory("VmRSS")
    started, cpu = time.perf_counter(), time.process_time()
    values = CONTENDERS[name](folder)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = memory("VmHWM")
    print(
        json.dumps(
            {"seconds": seconds, "cpu": cpu, "megabytes": (peak - before) / 1024, "values": values}
        )
    )


if __name__ == "__main__":
    main()
