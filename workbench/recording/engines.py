"""Who does the shards: this process, or the workers of a Ray cluster (`ray_engine.py`)."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from workbench.clip.hooked import HookedCLIP
from workbench.images.ahead import ReadAhead, check_workers
from workbench.images.stream import Picture
from workbench.recording.activations import Buffers
from workbench.recording.manifest import ShardRecord
from workbench.recording.missing import Task
from workbench.recording.plan import Plan
from workbench.recording.shard import record_shard
from workbench.recording.sources import ModelSource, Source, StoreSource
from workbench.recording.store import ActivationStore


@dataclass(frozen=True)
class Job:
    """What is to be recorded from where to where; `given` is a model, or a store instead of one."""

    plan: Plan
    folder: Path
    given: HookedCLIP | ActivationStore
    pictures: Sequence[Picture]
    strict: bool = False


@runtime_checkable
class Engine(Protocol):
    """Does the tasks of a job in any order, and yields the record of each that is done."""

    def check(self) -> None:
        """Raise `SettingError` if it cannot work; called before anything is written."""

    def __call__(  # noqa: D102
        self, job: Job, tasks: Sequence[Task], on_images: Callable[[int], None]
    ) -> Generator[ShardRecord, None, None]: ...


@dataclass(frozen=True)
class LocalEngine:
    """Does one shard after the other in this process, decoding ahead in `workers` processes."""

    workers: int | None = None

    def check(self) -> None:
        """Raise `SettingError` for a number of workers below 0."""
        check_workers(self.workers)

    def __call__(
        self, job: Job, tasks: Sequence[Task], on_images: Callable[[int], None]
    ) -> Generator[ShardRecord, None, None]:
        """Yield the shards' records in order."""
        ahead = max(64, 2 * job.plan.batch_size)
        height, width = job.plan.preprocessing["image_size"]
        with ReadAhead((height, width), workers=self.workers, ahead=ahead) as reader:
            source, buffers = open_source(job, reader), Buffers()
            for at, task in enumerate(tasks):
                for coming in tasks[at : at + 2]:
                    source.begin(coming.shard)
                yield do(job, task, source, on_images, buffers)


def open_source(job: Job, reader: ReadAhead) -> Source:
    """Return where the job's activations come from."""
    if isinstance(job.given, ActivationStore):
        return StoreSource(job.given, job.plan)
    return ModelSource(job.given, job.plan, job.pictures, reader)


def do(
    job: Job, task: Task, source: Source, on_images: Callable[[int], None], buffers: Buffers
) -> ShardRecord:
    """Do one task; `buffers` are the same for every task of a process."""
    return record_shard(
        job.plan,
        task.shard,
        source,
        job.folder,
        kinds=task.kinds,
        kept=task.kept,
        known=task.unreadable,
        strict=job.strict,
        on_images=on_images,
        buffers=buffers,
    )
