"""LAKE layer by layer: image AUROC and AUPRO of models on a data set, as a Markdown table.

Run by hand: `python benchmarks/layers.py [DATA] [--models demo demo:random:0 FOLDER] [--shots 4]
[--seeds 0]`. Every model excavates every category at the residual stream after each of its blocks,
all else at its default; the figures are means over categories and seeds, in percent. `DATA` is the
demo set if not given; a model is a folder or NAME[:TAG], as on the command line.
"""

import argparse
import statistics
from pathlib import Path

from workbench import paths
from workbench.clip.hooked import HookedCLIP
from workbench.clip.loading import load_model
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.layouts import read_dataset
from workbench.images.samples import Dataset

METRICS = ("image_auroc", "pixel_aupro")


def figures(
    model: HookedCLIP, dataset: Dataset, layer: int, shots: int, seeds: list[int]
) -> dict[str, float | None]:
    """Return the means of the metrics over categories and seeds, `None` where undefined."""
    found: dict[str, list[float]] = {metric: [] for metric in METRICS}
    settings = Settings(site=f"blocks.{layer}.hook_resid_post")
    for seed in seeds:
        for category in dataset.categories:
            samples = dataset[category]
            result = evaluate(excavate(samples, model, settings, shots=shots, seed=seed), samples)
            for metric, values in found.items():
                value = result.value(metric)
                if value is not None:
                    values.append(100 * value)
    return {name: statistics.fmean(values) if values else None for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=paths.demo_images())
    parser.add_argument("--models", nargs="+", default=["demo", "demo:random:0"])
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    dataset = read_dataset(options.data)
    print(
        f"{dataset.describe()}\n\n| model | layer | image AUROC | `AUPRO@0.30` |\n|---|---|---|---|"
    )
    for given in options.models:
        name, _, tag = given.partition(":")
        model = load_model(given) if Path(given).is_dir() else load_model(name, tag or None)
        for layer in range(model.n_layers):
            row = figures(model, dataset, layer, options.shots, options.seeds)
            cells = ("undefined" if row[m] is None else f"{row[m]:.1f}" for m in METRICS)
            print(f"| {given} | {layer} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
