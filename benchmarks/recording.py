"""What recording costs, writes, holds and gives back: ratios from interleaved rounds, medians.

Run by hand: `python benchmarks/recording.py [cost write memory open peers ray]` (default: all).
Every contender runs once per round, in turn, so that a machine that slows down slows all of them;
a ratio is the median over rounds of (contender / base in the same round). The result is printed as
a table and, with `--json FILE`, written down. `--tower toy --count 24 --rounds 2` shows in a minute
that everything works.

The peers are found in this environment, or where `--nnsight-python` and `--torchlens-python` say
(`pip install nnsight open_clip_torch safetensors` in an environment of its own is enough).
"""

import argparse
import importlib
import json
import platform
import signal
import sys
from pathlib import Path

import torch
from recording_common import TOWERS

BENCHMARKS = ("cost", "write", "memory", "open", "peers", "ray")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("benchmarks", nargs="*", metavar="|".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, help="pictures (default: by benchmark)")
    parser.add_argument("--batch", type=int, default=16, help="pictures in one forward")
    parser.add_argument("--images", type=Path, help="folder of pictures (default: drawn ones)")
    parser.add_argument("--side", type=int, default=600, help="size of the drawn pictures")
    parser.add_argument("--tower", choices=TOWERS, default="ViT-B/16")
    parser.add_argument("--site", help="one site (default: the last block's; memory: the first's)")
    parser.add_argument("--images-per-shard", type=int)
    parser.add_argument("--scratch", type=Path, help="folder on the disk that is measured")
    parser.add_argument("--profile", action="store_true", help="cost: say where the time goes")
    parser.add_argument("--shards", type=int, default=4, help="write: files written in a round")
    parser.add_argument("--sync", action="store_true", help="write: wait for the disk, both sides")
    parser.add_argument("--gigabytes", type=float, help="open: size of the store (default: 5)")
    parser.add_argument("--nnsight-python", help="peers: interpreter that has nnsight")
    parser.add_argument("--torchlens-python", help="peers: interpreter that has torchlens")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # `timeout` ends it: tidy up then too
    chosen = options.benchmarks or BENCHMARKS
    for name in chosen:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    print(
        f"{options.tower}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"{platform.machine()}"
    )
    result = {}
    for name in chosen:
        result[name] = importlib.import_module(f"recording_{name}").run(options)
        if options.json:  # after each: the next one may take long
            options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
