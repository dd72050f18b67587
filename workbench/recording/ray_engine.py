"""The shards of a recording as tasks on a Ray cluster, or on several workers of one machine.

Every worker loads the model once and then does shard after shard, the very function that this
process would run. A worker that is lost is replaced and its shard done again. Images and store
must lie where every worker finds them under the same path (a shared file system).
"""

import logging
import socket
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from workbench.clip.hooked import HookedCLIP
from workbench.errors import RunError, SettingError, WorkbenchError
from workbench.recording.activations import Buffers
from workbench.recording.engines import Job, do, open_source
from workbench.recording.manifest import ShardRecord
from workbench.recording.missing import Task

log = logging.getLogger(__name__)

RETRIES = 3
"""How often a shard is done again after its worker was lost."""

_PATIENCE = 30.0  # seconds for workers to be gone


@dataclass(frozen=True)
class RayEngine:
    """Does the shards on Ray.

    Args:
        address: of a running cluster, as `ray.init` takes it; None starts Ray on this machine.
        workers: how many at a time (default: one per GPU where there are GPUs, else one for every
            `threads` CPUs of the plan, so that each computes exactly as this process would).
    """

    address: str | None = None
    workers: int | None = None

    def check(self) -> None:
        """Raise `SettingError` for fewer workers than 1, without Ray, or where nobody answers."""
        if self.workers is not None and self.workers < 1:
            raise SettingError(f"workers is {self.workers}; Ray needs at least 1.")
        if not _ray().is_initialized():
            with _no_cluster(self.address):
                _knock(self.address)

    def __call__(
        self, job: Job, tasks: Sequence[Task], on_images: Callable[[int], None]
    ) -> Generator[ShardRecord, None, None]:
        """Yield the shards' records as they are done.

        Raises `SettingError` where Ray is not installed or no cluster answers, and `RunError` if a
        shard's worker was lost again and again.
        """
        with connected(self.address) as ray:
            yield from self._run(ray, job, tasks, on_images)

    def _run(
        self, ray: Any, job: Job, tasks: Sequence[Task], on_images: Callable[[int], None]
    ) -> Generator[ShardRecord, None, None]:
        resources = ray.cluster_resources()
        gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
        on_gpu = job.plan.device_type == "cuda"
        if on_gpu and not gpus:
            raise SettingError(
                "the plan computes on CUDA, and the cluster has no GPU: --device cpu."
            )
        number = self.workers or (gpus if on_gpu else max(1, cpus // job.plan.threads))
        number = min(number, len(tasks))
        if not number:
            return
        worker = ray.remote(_Worker).options(
            num_gpus=1 if on_gpu else 0,
            num_cpus=0 if on_gpu else cpus / max(number, cpus),
            max_restarts=-1,
            max_task_retries=RETRIES,
        )
        if isinstance(job.given, HookedCLIP):
            job = replace(job, given=on_cpu(job.given))
        held = ray.put(job)
        workers = [worker.remote(held) for _ in range(number)]
        log.info("  Ray: %d workers", number)
        at_work: dict[Any, tuple[Any, Task]] = {}
        waiting, idle, finished, untold = list(tasks), list(workers), 0, 0
        try:
            while waiting or at_work:
                while waiting and idle:
                    task, actor = waiting.pop(0), idle.pop(0)
                    at_work[actor.record.remote(task)] = (actor, task)
                [done], _ = ray.wait(list(at_work), num_returns=1)
                actor, task = at_work.pop(done)
                idle.append(actor)
                yield _result(ray, done, task)
                finished, untold = finished + 1, untold + len(task.shard)
                if finished >= number:  # the first ones together: all workers make up the rate
                    on_images(untold)
                    untold = 0
        finally:
            _end(ray, workers, list(at_work))


class _Worker:
    """Holds the model, and does the tasks it is given."""

    def __init__(self, job: Job) -> None:
        import torch

        from workbench.images.ahead import ReadAhead

        torch.set_num_threads(job.plan.threads)
        if isinstance(job.given, HookedCLIP) and job.plan.device_type != "cpu":
            job = replace(job, given=job.given.to(job.plan.device_type))
        self.job = job
        height, width = job.plan.preprocessing["image_size"]
        reader = ReadAhead((height, width), workers=0, ahead=max(64, 2 * job.plan.batch_size))
        self.source, self.buffers = open_source(job, reader), Buffers()

    def record(self, task: Task) -> ShardRecord:
        """Do one shard; what a user can put right comes back as it is, not as Ray's own error."""
        return do(self.job, task, self.source, lambda _: None, self.buffers)


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Yield Ray, connected to a cluster, or started here for the length of the block.

    Raises `SettingError` where Ray is not installed or no cluster answers.
    """
    ray = _ray()
    started = _connect(ray, address)
    try:
        yield ray
    finally:
        if started:
            ray.shutdown()


def on_cpu(model: HookedCLIP) -> HookedCLIP:
    """Return the model itself, or a copy on the CPU, so that any worker can take it."""
    from copy import deepcopy

    return model if model.device.type == "cpu" else deepcopy(model).cpu()


def _end(ray: Any, workers: Sequence[Any], at_work: Sequence[Any]) -> None:
    """End the workers, and wait until Ray says that what they were at is over."""
    for actor in workers:
        ray.kill(actor)
    if at_work:
        ray.wait(at_work, num_returns=len(at_work), timeout=_PATIENCE, fetch_local=False)


def _result(ray: Any, finished: Any, task: Task) -> ShardRecord:
    try:
        record: ShardRecord = ray.get(finished)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, WorkbenchError):
            raise error.cause from error
        raise
    except ray.exceptions.RayActorError as error:
        raise RunError(
            f"the worker of shard {task.shard.index} (images {task.shard.start} to "
            f"{task.shard.stop - 1}) was lost {RETRIES + 1} times, perhaps for want of memory: ask "
            "for a smaller --batch-size or fewer workers. What is done is kept; --resume goes on."
        ) from error
    return record


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise SettingError(
            "the ray engine needs Ray: pip install 'lake-workbench[ray]', or --engine local."
        ) from None
    return ray


def _connect(ray: Any, address: str | None) -> bool:
    """Connect to a cluster, or start one here; say whether it was started (and is to be ended)."""
    if ray.is_initialized():
        return False
    with _no_cluster(address):
        _knock(address)
        ray.init(
            address=address,
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    return True


@contextmanager
def _no_cluster(address: str | None) -> Iterator[None]:
    """Tell what goes wrong while a cluster is looked for."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise SettingError(
            f"no Ray cluster answers at {address or 'this machine'}: {error}. Start one with `ray "
            "start --head` and give its address as --ray-address."
        ) from error


def _knock(address: str | None) -> None:
    """Raise `OSError` if nobody listens at `host:port`: Ray itself would try for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()
