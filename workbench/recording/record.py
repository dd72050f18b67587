"""Record: one pass over any number of images, and everything else reads from what was written."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.clip.hooked import HookedCLIP
from workbench.errors import RunError, SettingError
from workbench.files import check_new_folder
from workbench.images.gather import gather
from workbench.images.progress import bar
from workbench.images.samples import Dataset
from workbench.images.stream import ImageLike, Picture
from workbench.recording.engines import Engine, Job, LocalEngine
from workbench.recording.fold import Fold
from workbench.recording.lock import recording_lock
from workbench.recording.manifest import (
    complete_recording,
    read_manifest,
    read_markers,
    read_plan,
    restore_images,
    start_recording,
)
from workbench.recording.missing import missing, sound_products
from workbench.recording.needs import check_disk, needs
from workbench.recording.own_files import (
    LOCK,
    half_written,
    is_barely_begun,
    own_files,
    remove_recording,
)
from workbench.recording.plan import Plan, survey_images
from workbench.recording.planning import PRODUCTS, plan_from_model, plan_from_store
from workbench.recording.store import ActivationStore, is_store

log = logging.getLogger(__name__)


def record(
    images: ImageLike | Dataset | ActivationStore | Iterable[ImageLike],
    model: HookedCLIP | None,
    out: str | Path,
    *,
    sites: str | Sequence[str] | None = None,
    products: Sequence[str] = PRODUCTS,
    dtype: str = "fp32",
    tokens: str = "patches",
    k: int = 32,
    batch_size: int | None = None,
    images_per_shard: int | None = None,
    layout: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    strict: bool = False,
    engine: Engine | None = None,
    command: str = "",
) -> ActivationStore:
    """Run a model over images once and write down what its neurons did; return the store.

        store = workbench.record("my_bolts/", model, "bolts.store", sites="blocks.*.mlp.hook_post")
        store.exemplars.crop("blocks.3.mlp.hook_post:17")

    Args:
        images: a folder (a data set's, or any with images below it), files, pictures, a
            `Dataset`; or a store that holds activations, and then `model` is None.
        model: what looks at them.
        out: the store's folder.
        sites: names or globs (default: the residual stream at half depth, as in `excavate`).
        products: of statistics, quantiles, exemplars, maxima, activations.
        dtype: number format of the activations on disk: fp32, fp16, bf16.
        tokens: which tokens of the activations: patches, cls, all. The other products are of
            patches.
        k: exemplars per neuron at either end.
        batch_size: images in one forward (default: by the memory there is).
        images_per_shard: how much is lost at most when the work is killed (default: by size).
        layout: as in `images.gather`.
        resume: go on with what `out` holds of this same recording; damaged files are replaced.
        overwrite: replace the store at `out`.
        strict: stop at the first picture that cannot be read instead of listing it.
        engine: who does the work (default: this process).
        command: kept in the manifest.

    Raises `DataError` for images that are not there (or unreadable, if `strict`), `SettingError`
    for a choice out of range, `SiteError` for an unknown site, `ModelError` for activations that
    are not finite, and `RunError` if `out` is in use, is of another recording, or the disk is (or
    would be) full. What is done stays, and `resume=True` goes on with it.
    """
    out, engine = Path(out).absolute(), engine or LocalEngine()
    check_free(out, resume=resume, overwrite=overwrite)
    engine.check()
    choices: dict[str, Any] = {
        "sites": sites,
        "products": products,
        "dtype": dtype,
        "tokens": tokens,
        "k": k,
        "batch_size": batch_size,
        "images_per_shard": images_per_shard,
    }
    if isinstance(images, ActivationStore):
        if model is not None:
            raise SettingError("a store needs no model: leave it out, or give images instead.")
        if out.exists() and out.samefile(images.path):
            raise SettingError(f"{out} is the store that is read. Choose another folder to write.")
        given: HookedCLIP | ActivationStore = images
        pictures = images.pictures
        plan = plan_from_store(images, **choices)
    elif model is None:
        raise SettingError("images need a model that looks at them; only a store needs none.")
    else:
        given, pictures = model, [_fixed(picture) for picture in gather(images, layout)]
        plan = plan_from_model(model, survey_images(pictures), **choices)
    with _held(out):
        check_free(out, resume=resume, overwrite=overwrite)  # now that nobody else can take it
        if not overwrite:
            plan = _settle(out, plan)
        check_disk(needs(plan), out, already=sum(file.stat().st_size for file in own_files(out)))
        if overwrite:
            _empty(out)
        _do(Job(plan, out, given, pictures, strict), engine, command)
    return ActivationStore(out)


def _fixed(picture: Picture) -> Picture:
    """Return a picture that is found wherever this process moves to, and by others."""
    return picture if picture.path is None else replace(picture, path=picture.path.absolute())


def check_free(out: Path, *, resume: bool, overwrite: bool) -> None:
    """Raise `RunError` or `SettingError` if a recording may not be written to `out`."""
    if str(out).encode(errors="replace").decode() != str(out):
        raise SettingError(f"{out} is not UTF-8, as safetensors needs it. Choose another --out.")
    if is_store(out):
        manifest = read_manifest(out)
        if not resume and not overwrite:
            state = "a finished" if manifest.complete else "an unfinished"
            raise RunError(
                f"{out} holds {state} recording already. Say --resume to go on with it, "
                "--overwrite to replace it, or choose another folder."
            )
    elif not (out.is_dir() and is_barely_begun(out)):
        check_new_folder(out)
    if resume and overwrite:
        raise SettingError("--resume keeps what is there and --overwrite replaces it: say one.")


@contextmanager
def _held(out: Path) -> Iterator[None]:
    """Make the store's folder and hold it; if nothing comes to lie in it, it goes again."""
    new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror}. Choose another --out.") from error
    try:
        with recording_lock(out):
            try:
                yield
            finally:
                if new and not is_store(out):
                    remove_recording(out)
                    (out / LOCK).unlink(missing_ok=True)
    finally:
        if new and not is_store(out):
            with suppress(OSError):  # somebody else is in it already
                out.rmdir()


def _settle(out: Path, plan: Plan) -> Plan:
    """Return the plan to follow: the given one, or what is there if it is of the same recording."""
    if not is_store(out):
        return plan
    manifest = read_manifest(out)
    facts = manifest.facts
    plan = replace(
        plan,
        batch_size=facts.batch_size,
        images_per_shard=facts.images_per_shard,
        threads=facts.threads,
    )
    try:
        there = read_plan(manifest)
    except RunError:  # the image list is harmed
        if plan.fingerprint != manifest.fingerprint:
            raise
        restore_images(manifest, plan)
        return plan
    if changed := there.differences(plan):
        raise RunError(
            f"{out} is a recording of something else, so it cannot go on: {'; '.join(changed)}. "
            "Put that back, choose another folder, or say --overwrite to start anew."
        )
    return plan


def _empty(out: Path) -> None:
    """Remove what was recorded; the lock, which is held, stays, and so does what is not ours."""
    try:
        remove_recording(out)
    except OSError as error:
        raise RunError(
            f"cannot remove the recording at {out}: {error.strerror or error}. Put that right, or "
            "choose another --out."
        ) from error


def _do(job: Job, engine: Engine, command: str) -> None:
    """Begin or go on; a recording that ends before its first shard is done leaves nothing."""
    for file in half_written(job.folder):
        file.unlink(missing_ok=True)
    new = not is_store(job.folder)
    if new:
        start_recording(job.folder, job.plan, command)
    try:
        _go_on(job, engine)
    except BaseException:
        if new and not read_markers(job.folder):
            with suppress(OSError):
                remove_recording(job.folder)
        raise


def _go_on(job: Job, engine: Engine) -> None:
    plan, folder, manifest = job.plan, job.folder, read_manifest(job.folder)
    records = {**manifest.shards, **read_markers(folder)}
    merged = sound_products(plan, manifest)
    fold = None if merged else Fold(plan, folder)
    tasks = missing(plan, folder, records, fold)
    images = sum(task.shard.stop - task.shard.start for task in tasks)
    log.info(
        "%s: %s images, %s in shards of %s, batches of %s",
        plan.model["name"],
        f"{len(plan.images):,}",
        f"{images:,} still to be done" if images < len(plan.images) else "all to be done",
        plan.images_per_shard,
        plan.batch_size,
    )
    for line in needs(plan).lines():
        log.info("  %s", line)
    done = {shard.index for shard in plan.shards} - {task.shard.index for task in tasks}
    if fold:
        fold.advance(done)
    with (
        bar(total=images, what="recording") as advance,
        closing(engine(job, tasks, _first_told(advance, images))) as working,
    ):
        for finished in working:
            records[finished.index] = finished
            done.add(finished.index)
            if fold:
                fold.advance(done)
    products = merged if fold is None else fold.write_products()
    complete_recording(folder, records.values(), products)


def _first_told(advance: Callable[[int], None], images: int) -> Callable[[int], None]:
    """Pass on how many images are done, and say after the first of them how long it will take."""
    begin, first = time.perf_counter(), True

    def told(number: int) -> None:
        nonlocal first
        advance(number)
        if first and number:
            first = False
            rate = number / (time.perf_counter() - begin)
            left = (images - number) / rate
            log.info("  time: about %s (%.1f images/s at first)", _duration(left), rate)

    return told


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
