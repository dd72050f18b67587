"""Recording on a real Ray, started on this machine with several workers."""

import os
import signal
from contextlib import suppress

import psutil
import pytest

from tests.clusters import QUIET, two_workers
from tests.recording.recordings import contents, draw_pictures, make
from workbench.errors import DataError, SettingError
from workbench.recording.fold import Fold
from workbench.recording.ray_engine import RayEngine

ray = pytest.importorskip("ray", reason="Ray is not installed")

pytestmark = [pytest.mark.filterwarnings(rule) for rule in QUIET]


@pytest.fixture(scope="module")
def cluster():
    """Ray with room for two workers."""
    yield from two_workers(ray)


@pytest.fixture
def images(tmp_path):
    return draw_pictures(tmp_path / "images", 14)


def workers() -> list[psutil.Process]:
    """The processes of the Ray started here that hold a model, not those of somebody else's."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found += [process] if any("_Worker" in word for word in process.cmdline()) else []
    return found


@pytest.mark.usefixtures("cluster")
def test_several_workers_write_the_bytes_of_one_process(images, tmp_path):
    alone = make(images, tmp_path / "alone")
    together = make(images, tmp_path / "together", engine=RayEngine(workers=2))
    assert contents(together.path) == contents(alone.path)


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_is_killed_in_mid_run_is_replaced_and_nothing_shows(images, tmp_path):
    alone = make(images, tmp_path / "alone", images_per_shard=1)
    killed = []

    class Killing(RayEngine):
        def __call__(self, job, tasks, on_images):
            for record in super().__call__(job, tasks, on_images):
                if not killed:
                    found = workers()
                    assert len(found) == 2
                    os.kill(found[0].pid, signal.SIGKILL)
                    killed.append(found[0].pid)
                yield record

    store = make(images, tmp_path / "store", images_per_shard=1, engine=Killing(workers=2))
    assert killed
    assert contents(store.path) == contents(alone.path)


@pytest.mark.usefixtures("cluster")
def test_what_a_user_can_put_right_comes_back_as_our_own_error(images, tmp_path):
    (images / "05.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"05\.png"):
        make(images, tmp_path / "store", strict=True, engine=RayEngine(workers=2))


@pytest.mark.usefixtures("cluster")
def test_no_worker_is_left_and_none_writes_when_a_recording_was_interrupted(
    images, tmp_path, monkeypatch
):
    def advance(fold, done):
        if done:
            raise KeyboardInterrupt

    out = tmp_path / "store"
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Fold, "advance", advance)
        make(images, out, images_per_shard=1, engine=RayEngine(workers=2))
    before = contents(out)
    _, alive = psutil.wait_procs(workers(), timeout=30)  # the system takes a moment to end them
    assert alive == []
    assert contents(out) == before
    alone = make(images, tmp_path / "alone", images_per_shard=1)
    assert contents(make(images, out, resume=True).path) == contents(alone.path)


def test_an_engine_that_cannot_work_says_so_before_a_store_is_replaced(
    images, tmp_path, monkeypatch
):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    before = contents(make(images, tmp_path / "store").path)
    for engine, message in (
        (RayEngine("127.0.0.1:1", 2), r"127\.0\.0\.1:1.*--ray-address"),
        (RayEngine(workers=0), "workers is 0"),
    ):
        with pytest.raises(SettingError, match=message):
            make(images, tmp_path / "store", engine=engine, overwrite=True)
    assert contents(tmp_path / "store") == before
