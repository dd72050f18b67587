"""Whether the peak of memory grows with the pictures: a process each, at 1 and 10 times.

The site is after the first block, so that ten times the pictures stay affordable: later blocks use
the same memory again. What a process held before it recorded (libraries, weights) counts in the
first ratio and not in the second.
"""

import json
import resource
import shutil
import statistics
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from recording_common import (
    ALL_FOUR,
    build_clip,
    child,
    forget_peak,
    memory,
    pictures,
    scratch_folder,
    show,
    wrap,
)


def run(options: Namespace) -> dict[str, Any]:
    number, times = options.count or 256, 10
    with scratch_folder(options) as scratch:
        tasks = [
            {
                "folder": str(pictures(options, images, scratch)),
                "out": str(scratch / "store"),
                "tower": options.tower,
                "batch": options.batch,
                "images_per_shard": options.images_per_shard,
                "site": options.site or "blocks.0.hook_resid_post",
            }
            for images in (number, times * number)
        ]
        rounds = [[child(Path(__file__).name, task) for task in tasks] for _ in range(3)]
    whole = statistics.median(b["peak"] / a["peak"] for a, b in rounds)
    above = statistics.median(
        (b["peak"] - b["before"]) / (a["peak"] - a["before"]) for a, b in rounds
    )
    few, many = (statistics.median(pair[at]["peak"] / 2**20 for pair in rounds) for at in (0, 1))
    print(
        f"memory: {number} and {times * number} pictures, shards of {rounds[0][0]['shard']}, all "
        f"four products; peak {few:,.0f} and {many:,.0f} MiB"
    )
    found = {
        "peak at 10 times the pictures": whole,
        "the same, above what was held before": above,
    }
    show(found, aim={"peak at 10 times the pictures": "0.90 to 1.10"})
    return {"images": [number, times * number], "rounds": rounds, "ratios": found}


def measure(task: dict[str, Any]) -> dict[str, Any]:
    import torch

    import workbench

    model = wrap(build_clip(task["tower"]))
    with torch.no_grad():
        model(torch.zeros(1, 3, *model.image_size))
    _ = model.fingerprint
    forget_peak()
    before = memory("VmRSS")
    store = workbench.record(
        task["folder"],
        model,
        task["out"],
        sites=task["site"],
        products=ALL_FOUR,
        batch_size=task["batch"],
        images_per_shard=task["images_per_shard"],
    )
    shutil.rmtree(task["out"])
    return {
        "before": before,
        "peak": memory("VmHWM"),
        "largest_worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        "shard": store.facts.images_per_shard,
    }


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
