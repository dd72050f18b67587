"""`workbench record`: one pass over many images, written down once."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import SettingError
from workbench.verbs.outcome import Outcome
from workbench.verbs.shared import (
    add_dry_run,
    add_model_options,
    checked_model,
    dry_run,
    load,
    model_arguments,
)

if TYPE_CHECKING:
    from workbench.recording.engines import Engine
    from workbench.recording.store import ActivationStore


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "images", metavar="IMAGES", help="a folder with images, or a store to record from anew"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="STORE", help="the store")
    add_model_options(parser, dtype="--compute-dtype")
    group = parser.add_argument_group("what to record")
    group.add_argument(
        "--site",
        action="append",
        metavar="GLOB",
        help="a site or a glob, such as 'blocks.*.mlp.hook_post'; several times for several "
        "(default: the residual stream at half depth)",
    )
    group.add_argument(
        "--products",
        default="statistics,exemplars,maxima,activations",
        metavar="LIST",
        help="of statistics, quantiles, exemplars, maxima, activations (default: %(default)s)",
    )
    group.add_argument(
        "--dtype",
        dest="store_dtype",
        choices=["fp32", "fp16", "bf16"],
        default="fp32",
        help="of the activations on disk (default: fp32)",
    )
    group.add_argument(
        "--tokens",
        choices=["patches", "cls", "all"],
        default="patches",
        help="of the activations (default: patches)",
    )
    group.add_argument("--k", type=int, default=32, help="exemplars per neuron (default: 32)")
    group.add_argument(
        "--layout",
        default="auto",
        help="auto (any folder; the masks of a data set are left out), files (every image file), "
        "or a layout as `workbench datasets` names it",
    )
    group = parser.add_argument_group("how the work is done")
    group.add_argument("--resume", action="store_true", help="go on with what STORE holds")
    group.add_argument("--overwrite", action="store_true", help="replace STORE if it exists")
    group.add_argument("--strict", action="store_true", help="stop at an unreadable image")
    group.add_argument(
        "--batch-size", type=int, metavar="N", help="default: by the memory there is"
    )
    group.add_argument(
        "--images-per-shard", type=int, metavar="N", help="lost at most by a kill; default: by size"
    )
    group.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that decode (local), or that record (ray)",
    )
    group.add_argument("--engine", choices=["local", "ray"], default="local", help="who does it")
    group.add_argument(
        "--ray-address", metavar="A", help="of a running cluster; default: start one"
    )
    add_dry_run(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Record, and say what the store holds."""
    if options.ray_address and options.engine != "ray":
        raise SettingError("--ray-address is for --engine ray.")
    from workbench.recording.record import record
    from workbench.recording.store import ActivationStore, is_store

    from_store = is_store(Path(options.images))
    if options.dry_run:
        return _planned(options, from_store=from_store)
    engine = _engine(options)
    with _messages():
        store = record(
            ActivationStore(options.images) if from_store else options.images,
            None if from_store else load(model_arguments(options)),
            options.out,
            sites=options.site,
            products=[name.strip() for name in options.products.split(",") if name.strip()],
            dtype=options.store_dtype,
            tokens=options.tokens,
            k=options.k,
            batch_size=options.batch_size,
            images_per_shard=options.images_per_shard,
            layout=options.layout,
            resume=options.resume,
            overwrite=options.overwrite,
            strict=options.strict,
            engine=engine,
            command=options.command,
        )
    return Outcome(_said(store), store.info())


def _planned(options: argparse.Namespace, *, from_store: bool) -> Outcome:
    """Say what would be recorded from how many images; only their headers are read."""
    from workbench.images.check import unreadable
    from workbench.images.gather import gather
    from workbench.recording.record import check_free
    from workbench.recording.store import ActivationStore

    check_free(options.out, resume=options.resume, overwrite=options.overwrite)
    if from_store:
        store = ActivationStore(options.images)
        store.select(options.site)
        model, images, wrong = f"read {store}", len(store.images), []
    else:
        model = f"load {checked_model(model_arguments(options))}"
        pictures = gather(options.images, options.layout)
        images, wrong = len(pictures), unreadable(pictures)
    sites = ", ".join(options.site or ["the residual stream at half depth"])
    return dry_run(
        f"{images} images, of which {len(wrong)} do not open"
        + "".join(f"\n  {problem}" for problem in wrong),
        [
            model,
            f"record {options.products} at {sites} ({options.store_dtype})",
            f"write the store {options.out}",
        ],
        {
            "out": str(options.out),
            "images": images,
            "unreadable": [str(problem) for problem in wrong],
        },
    )


def _engine(options: argparse.Namespace) -> "Engine":
    if options.engine == "ray":
        from workbench.recording.ray_engine import RayEngine

        return RayEngine(options.ray_address, options.workers)
    from workbench.recording.engines import LocalEngine

    return LocalEngine(options.workers)


def _said(store: "ActivationStore") -> str:
    lines = [str(store), f"written to {store.path}"]
    if store.unreadable:
        number = len(store.unreadable)
        which = (
            "1 image could not be read and was"
            if number == 1
            else f"{number} images could not be read and were"
        )
        lines.append(f"\n{which} left out:")
        lines += [f"  {store.images[at]}: {why}" for at, why in store.unreadable.items()]
    return "\n".join(lines)


@contextmanager
def _messages() -> Iterator[None]:
    """Show on standard error what the recording says of itself."""
    log, handler = logging.getLogger("workbench.recording"), _AboveTheBar()
    log.addHandler(handler)
    before, log.propagate = log.level, False
    log.setLevel(logging.INFO)
    try:
        yield
    except KeyboardInterrupt:
        log.info("What is done is kept: the same command with --resume goes on with it.")
        raise
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        log.propagate = True


class _AboveTheBar(logging.Handler):
    """Writes messages to standard error without tearing a progress bar apart."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)
