"""What Ray workers on this machine gain, and whether their bytes are the local engine's.

All compute with one thread, which is what makes bytes comparable; the local engine with all
threads is timed too. Ray is started before the clock, except where its start is what is shown.
"""

import json
import os
import shutil
import statistics
import time
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from recording_common import (
    ALL_FOUR,
    build_clip,
    interleave,
    last_site,
    pictures,
    ratios,
    scratch_folder,
    show,
    wrap,
)

LOCAL = "local engine, 1 thread"


def run(options: Namespace) -> dict[str, Any]:
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # a busy machine starts it slowly
    import ray

    import workbench
    from workbench.recording.engines import LocalEngine
    from workbench.recording.ray_engine import RayEngine

    number, size = options.count or 192, options.batch
    per_shard = options.images_per_shard or max(size, number // 8 // size * size)
    model = wrap(build_clip(options.tower))
    threads = torch.get_num_threads()
    bytes_of: dict[str, list[dict[str, Any]]] = {}
    with scratch_folder(options) as scratch:
        folder, out = pictures(options, number, scratch), scratch / "store"

        def recording(name: str, engine: Any, with_threads: int, running: bool) -> float:
            if running:
                ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
            torch.set_num_threads(with_threads)
            begin = time.perf_counter()
            workbench.record(
                folder,
                model,
                out,
                sites=options.site or last_site(options.tower),
                products=ALL_FOUR,
                batch_size=size,
                images_per_shard=per_shard,
                engine=engine,
            )
            spent = time.perf_counter() - begin
            torch.set_num_threads(threads)
            if running:
                ray.shutdown()
            bytes_of.setdefault(name, []).append(contents(out))
            shutil.rmtree(out)
            return spent

        cases: dict[str, tuple[Any, int, bool]] = {
            LOCAL: (LocalEngine(), 1, False),
            "Ray, 2 workers": (RayEngine(workers=2), 1, True),
            "Ray, 4 workers": (RayEngine(workers=4), 1, True),
            "Ray, 2 workers, its start included": (RayEngine(workers=2), 1, False),
            f"local engine, {threads} threads": (LocalEngine(), threads, False),
        }
        calls = {name: partial(recording, name, *case) for name, case in cases.items()}
        times = interleave(calls, options.rounds, warm_up=0)
    found = ratios(times, LOCAL)
    each = 1e3 * statistics.median(times[LOCAL]) / number
    print(f"ray: {number} pictures in shards of {per_shard}; {LOCAL}: {each:.0f} ms each")
    show(found)
    reference = bytes_of[LOCAL][0]
    comparable = [name for name, (_, used, _) in cases.items() if used == 1]
    same = {name: all(one == reference for one in bytes_of[name]) for name in comparable}
    for name, whether in same.items():
        print(f"  {'same bytes' if whether else 'OTHER BYTES'}  {name}")
    return {"images": number, "per_shard": per_shard, "ratios": found, "same_bytes": same}


def contents(out: Path) -> dict[str, Any]:
    """Return every file's hash; of the manifest what does not depend on the time."""
    from workbench.recording.manifest import hash_file

    found: dict[str, Any] = {
        file.relative_to(out).as_posix(): hash_file(file)
        for file in out.rglob("*")
        if file.is_file() and not file.name.startswith(".") and file.name != "manifest.json"
    }
    manifest = json.loads((out / "manifest.json").read_bytes())
    return found | {"manifest": manifest | {"created": None, "command": None}}
