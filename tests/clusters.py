"""Ray on this machine, for the tests of what can run there."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

QUIET = (
    "ignore::ResourceWarning",  # Ray leaves its log files open
    "ignore::FutureWarning:ray",
    "ignore::DeprecationWarning:ray",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def two_workers(ray: Any) -> Iterator[None]:
    """Start Ray with room for two workers, who find the tests' own modules too, and end it."""
    # Ray gives itself 30 seconds to start, which a busy machine does not manage.
    changed = {"PYTHONPATH": str(ROOT), "RAY_raylet_start_wait_time_s": "240"}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
