"""The cost of recording beside the plain open_clip forward over the same pictures.

Both sides open and decode the pictures. The recording side is all of `workbench.record`: hashing
pictures and weights, planning, computing, writing, the manifest.
"""

import cProfile
import pstats
import shutil
import statistics
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from recording_common import (
    ALL_FOUR,
    batches,
    build_clip,
    files_in,
    interleave,
    last_site,
    open_clip_preprocessing,
    pictures,
    ratios,
    scratch_folder,
    wrap,
)
from torch.utils.data import DataLoader, Dataset

PLAIN = "plain open_clip loop"
CASES = {
    "record activations": ("activations",),
    "record statistics, exemplars, maxima": ("statistics", "exemplars", "maxima"),
    "record all four": ALL_FOUR,
}
AIM = "<= 1.10"

PARTS = {  # what a person would call the functions of a profile: (file, function)
    "hash the pictures": ("image_list.py", "survey_images"),
    "hash the weights": ("facts.py", "fingerprint"),
    "wait for decoded pictures": ("ahead.py", "__next__"),
    "standardise colours": ("preprocess.py", "to_pixels"),
    "forward, collectors included": ("hooked.py", "visit"),
    "  check that all is finite": ("sources.py", "_check"),
    "  statistics": ("statistics.py", "update"),
    "  exemplars": ("exemplars.py", "update"),
    "  maxima": ("maxima.py", "update"),
    "  activations": ("activations.py", "update"),
    "  highest and lowest (shared)": ("seen.py", "highest lowest"),
    "checksums of the images": ("activations.py", "_checksums"),
    "write a shard": ("tensor_files.py", "write_tensors"),
    "merge the parts": ("fold.py", "_merge"),
    "manifest and markers": ("manifest.py", "start_recording write_marker complete_recording"),
}


class _Files(Dataset[torch.Tensor]):
    """The files as a data set that a DataLoader decodes ahead."""

    def __init__(self, files: list[Path], tower: str) -> None:
        self.files, self.preprocess = files, open_clip_preprocessing(tower)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.preprocess(Image.open(self.files[index]))


def run(options: Namespace) -> dict[str, Any]:
    import workbench

    number, size, tower = options.count or 96, options.batch, options.tower
    clip = build_clip(tower)
    site = options.site or last_site(tower)
    with scratch_folder(options) as scratch:
        folder = pictures(options, number, scratch)
        files, out = files_in(folder), scratch / "store"

        def plain() -> None:
            with torch.no_grad():
                for x in batches(files, size, tower):
                    clip.encode_image(x)

        def loader() -> None:
            ahead = DataLoader(_Files(files, tower), batch_size=size, num_workers=1)
            with torch.no_grad():
                for x in ahead:
                    clip.encode_image(x)

        def recording(products: tuple[str, ...], site: str | None) -> float:
            # A new wrapper hashes the weights again, as the first recording of a process does.
            model = wrap(clip)
            begin = time.perf_counter()
            workbench.record(folder, model, out, sites=site, products=products, batch_size=size)
            spent = time.perf_counter() - begin
            shutil.rmtree(out)
            return spent

        calls: dict[str, Any] = {
            PLAIN: plain,
            "the same again (noise)": plain,
            "plain, a DataLoader decoding ahead": loader,
        }
        calls |= {name: partial(recording, products, site) for name, products in CASES.items()}
        calls["record all four, at half depth (default)"] = partial(recording, ALL_FOUR, None)
        cpu: dict[str, list[float]] = {}
        times = interleave(calls, options.rounds, cpu=cpu)
        found, work = ratios(times, PLAIN), ratios(cpu, PLAIN)
        each = 1e3 * statistics.median(times[PLAIN]) / number
        print(f"cost: {site}, {number} pictures in batches of {size}; plain: {each:.0f} ms each")
        print("    time  CPU time")
        for name, value in found.items():
            aim = f"   (aim {AIM})" if name in CASES else ""
            print(f"  {value:6.3f}  {work[name]:8.3f}  {name}{aim}")
        result: dict[str, Any] = {
            "images": number,
            "batch": size,
            "site": site,
            "ratios": found,
            "cpu": work,
        }
        if options.profile:
            result["profile"] = profile(lambda: recording(ALL_FOUR, site))
    return result


def profile(call: Callable[[], object]) -> dict[str, dict[str, float]]:
    """Return seconds of this thread by part: those that passed, and those in which it worked."""
    found = {"passed": _spent(call, time.perf_counter), "worked": _spent(call, time.thread_time)}
    whole = {clock: parts.pop("total") for clock, parts in found.items()}
    print(f"  profile of all four: {whole['passed']:.2f} s passed, {whole['worked']:.2f} s worked")
    for title in PARTS:
        told = "".join(
            f"{parts[title]:9.3f} s {100 * parts[title] / whole[clock]:5.1f} %"
            for clock, parts in found.items()
        )
        print(f"  {told}  {title}")
    return found


def _spent(call: Callable[[], object], clock: Callable[[], float]) -> dict[str, float]:
    profiler = cProfile.Profile(clock)
    profiler.runcall(call)
    entries = pstats.Stats(profiler).stats.items()  # type: ignore[attr-defined]
    spent = {
        title: sum(
            entry[3]
            for (path, _, name), entry in entries
            if Path(path).name == file and name in names.split()
        )
        for title, (file, names) in PARTS.items()
    }
    return {"total": max(entry[3] for _, entry in entries), **spent}
