"""Recording on a real Ray, started on this machine with several workers."""

import os
import signal

import psutil
import pytest

from tests.clusters import QUIET, two_workers
from tests.recording.recordings import contents, draw_pictures, make
from workbench.errors import DataError, SettingError
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
    """The processes of this machine's Ray that hold a model."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any("_Worker" in word for word in process.info["cmdline"] or ())
    ]


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


def test_an_address_where_no_cluster_answers_is_named(images, tmp_path, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(SettingError, match=r"127\.0\.0\.1:1.*--ray-address"):
        make(images, tmp_path / "store", engine=RayEngine("127.0.0.1:1", 2))
