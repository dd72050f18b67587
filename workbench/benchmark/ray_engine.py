"""The grid on a Ray cluster, or on several workers of one machine: a category is a task.

The categories do not depend on each other, and a category's features are computed once by the
worker that has it. Images and results must lie where every worker finds them under one path.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.benchmark.grid import Grid, check, run_grid
from workbench.clip.hooked import HookedCLIP
from workbench.errors import RunError, WorkbenchError
from workbench.excavation.features import BATCH
from workbench.images.progress import bar
from workbench.images.samples import Dataset
from workbench.recording.ray_engine import RETRIES, connected, on_cpu


def run_grid_on_ray(
    model: HookedCLIP,
    data: Mapping[str, Dataset],
    grid: Grid,
    out: Path,
    *,
    address: str | None = None,
    workers: int | None = None,
    batch_size: int = BATCH,
    keep_features: bool = False,
) -> None:
    """Compute what `run_grid` would, a category at a time on each of `workers` workers.

    `address` is of a running cluster, as `ray.init` takes it; None starts Ray on this machine.
    Raises what `run_grid` raises, `SettingError` where Ray is not installed or no cluster
    answers, and `RunError` if a worker was lost again and again.
    """
    import torch

    check(data, grid)
    tasks = [(name, category) for name, d in data.items() for category in d.categories]
    with connected(address) as ray, bar(total=len(tasks), what="categories", unit="") as done:
        gpu = model.device.type == "cuda"
        threads = torch.get_num_threads()
        share = _share(ray.cluster_resources().get("CPU", 1), workers, threads)
        work = ray.remote(_category).options(
            num_gpus=1 if gpu else 0, num_cpus=0 if gpu else share, max_retries=RETRIES
        )
        held = ray.put((on_cpu(model), model.device.type, data, grid))
        waiting = {
            work.remote(
                held, name, category, str(out), threads, batch_size, keep_features
            ): category
            for name, category in tasks
        }
        while waiting:
            [finished], _ = ray.wait(list(waiting), num_returns=1)
            _result(ray, finished, waiting.pop(finished))
            done(1)


def _share(cpus: float, workers: int | None, threads: int) -> float:
    """Return how many CPUs a task takes, so that `workers` are at work: above 1 Ray wants whole.

    >>> _share(16, 3, 4), _share(2, 4, 4), _share(16, None, 4)
    (5, 0.5, 4)
    """
    if workers is None:
        return min(threads, cpus)
    return cpus // workers if workers <= cpus else cpus / workers


def _category(
    held: tuple[HookedCLIP, str, Mapping[str, Dataset], Grid],
    name: str,
    category: str,
    out: str,
    threads: int,
    batch_size: int,
    keep_features: bool,
) -> None:
    import torch

    torch.set_num_threads(threads)  # sums depend on it, and results are to be the same bytes
    model, device, data, grid = held
    run_grid(
        model.to(device) if device != "cpu" else model,
        data,
        grid,
        Path(out),
        batch_size=batch_size,
        keep_features=keep_features,
        only=lambda given, one: (given, one) == (name, category),
    )


def _result(ray: Any, finished: Any, category: str) -> None:
    try:
        ray.get(finished)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, WorkbenchError):
            raise error.cause from error
        raise
    except ray.exceptions.RayError as error:
        raise RunError(
            f"the worker of {category} was lost {RETRIES + 1} times, perhaps for want of memory: "
            "ask for a smaller --batch-size or fewer --workers. What is done is kept; --resume "
            "goes on."
        ) from error
