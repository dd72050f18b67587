"""Pictures are decoded ahead, in order, and whatever happens to a file or a worker is a row."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
import xxhash
from PIL import Image

from workbench.errors import SettingError
from workbench.images import ahead
from workbench.images.ahead import ReadAhead
from workbench.images.preprocess import to_batch, to_pixels
from workbench.images.stream import Picture

SIZE = (48, 64)
MEAN, STD = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)


@pytest.fixture(scope="module")
def reader() -> Iterator[ReadAhead]:
    """Two processes for all tests that do not harm them: starting them takes half a second."""
    with ReadAhead(SIZE, workers=2, ahead=8) as reader:
        yield reader


def files(folder: Path, number: int) -> list[Picture]:
    found = []
    for index in range(number):
        path = folder / f"{index}.png"
        colours = np.random.default_rng(index).integers(0, 256, (9 + index, 7, 3), dtype=np.uint8)
        Image.fromarray(colours).save(path)
        found.append(Picture(path.name, path))
    return found


def hashes(pictures: list[Picture]) -> list[str]:
    return [xxhash.xxh3_64_hexdigest(picture.path.read_bytes()) for picture in pictures]


def in_flight(reader: ReadAhead) -> int:
    return sum(len(reading.flying) for reading in reader._readings)


@pytest.mark.parametrize("workers", [0, 2])
def test_values_are_to_batchs_to_the_bit_on_real_pictures(
    shared_data: Path, reader: ReadAhead, workers: int
) -> None:
    paths = sorted(shared_data.rglob("test/*/*.jpg"))[::20]
    assert len(paths) >= 5
    pictures = [Picture(path.name, path) for path in paths]
    if workers:
        decoded = list(reader.read(pictures, expected_xxh3=hashes(pictures)))
    else:
        with ReadAhead(SIZE, workers=0) as threads:
            decoded = list(threads.read(pictures, expected_xxh3=hashes(pictures)))
    opened = [picture.open() for picture in pictures]
    ours = to_pixels(np.stack([one.pixels for one in decoded]), MEAN, STD)
    assert torch.equal(ours, to_batch(opened, SIZE, MEAN, STD))
    assert [one.size for one in decoded] == [(image.height, image.width) for image in opened]


def test_the_order_is_the_lists_and_the_numbers_are_the_callers(tmp_path, reader) -> None:
    pictures = files(tmp_path, 30)
    assert [one.index for one in reader.read(pictures)] == list(range(30))
    assert [one.index for one in reader.read(pictures[:3], first_index=7)] == [7, 8, 9]
    taken = list(reader.read(pictures[:3], indices=[4, 40, 5]))
    assert [(one.index, one.size) for one in taken] == [(4, (9, 7)), (40, (10, 7)), (5, (11, 7))]


def test_reading_starts_at_the_call_and_never_exceeds_its_bound(tmp_path, reader) -> None:
    pictures = files(tmp_path, 30)
    taken = reader.read(pictures)
    assert in_flight(reader) == 8
    for _ in range(25):
        next(taken)
        assert in_flight(reader) <= 8
    following = reader.read(pictures)
    assert in_flight(reader) == 8  # five of the first, and three of the second already
    assert len(list(taken)) == 5
    assert in_flight(reader) == 8
    assert [one.index for one in following] == list(range(30))
    assert in_flight(reader) == 0


def test_a_later_reading_may_be_taken_while_an_earlier_one_holds_all_places(tmp_path, reader):
    pictures = files(tmp_path, 12)
    first, second = reader.read(pictures), reader.read(pictures[:5])
    assert [one.index for one in second] == list(range(5))
    assert [one.index for one in first] == list(range(12))


def test_a_reading_that_is_dropped_frees_its_places(tmp_path, reader) -> None:
    pictures = files(tmp_path, 12)
    taken = reader.read(pictures)
    next(taken)
    del taken
    assert in_flight(reader) == 0
    assert len(list(reader.read(pictures))) == 12


@pytest.mark.parametrize("workers", [0, 2])
def test_every_file_that_is_not_what_it_was_is_a_problem_and_the_rest_go_on(
    tmp_path, reader, workers
) -> None:
    pictures = files(tmp_path, 7)
    expected = [*hashes(pictures)[:5], "", hashes(pictures)[6]]
    pictures[1].path.unlink()
    Image.new("RGB", (5, 5)).save(pictures[2].path)
    pictures[3].path.write_bytes(b"")
    (tmp_path / "4.png").write_bytes(damaged := pictures[4].path.read_bytes()[:-40])
    expected[4] = xxhash.xxh3_64_hexdigest(damaged)
    if workers:
        decoded = list(reader.read(pictures, expected_xxh3=expected))
    else:
        with ReadAhead(SIZE, workers=0) as threads:
            decoded = list(threads.read(pictures, expected_xxh3=expected))
    assert [one.problem is None for one in decoded] == [True, *[False] * 5, True]
    assert all((one.pixels is None) == (one.problem is not None) for one in decoded)
    said = [one.problem or "" for one in decoded]
    assert "1.png has disappeared since the recording began" in said[1]
    assert "2.png has changed since the recording began" in said[2]
    assert "3.png has changed" in said[3]
    assert "4.png is damaged or cut short" in said[4]
    assert "5.png could not be read when the recording began" in said[5]


def test_a_file_that_was_never_there_does_not_exist(tmp_path, reader) -> None:
    (one,) = reader.read([Picture("x", tmp_path / "x.png")], expected_xxh3=[""])
    assert one.problem.endswith("x.png does not exist. Check the spelling of the path.")
    assert (one.index, one.pixels, one.size) == (0, None, (0, 0))


def test_pictures_in_memory_are_squashed_and_a_foreign_one_is_a_problem(reader) -> None:
    held = [Image.new("L", (3, 2), 9), Image.new("F", (3, 2))]
    good, bad = reader.read([Picture(f"image {i}", held=one) for i, one in enumerate(held)])
    assert (good.size, good.pixels.shape, int(good.pixels.max())) == ((2, 3), (*SIZE, 3), 9)
    assert "floating-point" in bad.problem


def test_nothing_gives_nothing(reader) -> None:
    taken = reader.read([])
    assert list(taken) == []
    assert list(taken) == []


def test_a_number_out_of_its_range_is_refused() -> None:
    with pytest.raises(SettingError, match="workers is -1"):
        ReadAhead(SIZE, workers=-1)
    with pytest.raises(SettingError, match="ahead is 0"):
        ReadAhead(SIZE, ahead=0)


def test_few_pictures_are_read_without_starting_a_process(tmp_path) -> None:
    with ReadAhead(SIZE) as reader:
        assert len(list(reader.read(files(tmp_path, 3)))) == 3
        assert reader._processes is None


def test_many_pictures_are_read_by_processes(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(ahead, "_FEW", 4)
    with ReadAhead(SIZE) as reader:
        first = reader.read(files(tmp_path, 3))
        assert reader._processes is None
        second = reader.read(files(tmp_path, 6))
        assert reader._processes is not None
        assert len([*first, *second]) == 9


def test_a_killed_worker_is_replaced_and_nothing_is_lost(tmp_path) -> None:
    pictures = files(tmp_path, 40)
    with ReadAhead(SIZE, workers=2, ahead=8) as reader:
        taken = reader.read(pictures)
        decoded = [next(taken)]
        os.kill(next(iter(reader._processes._processes)), signal.SIGKILL)
        decoded += list(taken)
    assert [one.index for one in decoded] == list(range(40))
    assert all(one.problem is None and one.pixels is not None for one in decoded)


def test_a_picture_that_kills_its_worker_twice_is_a_problem_and_no_other_is(tmp_path) -> None:
    pictures = files(tmp_path, 6)
    pictures[2] = Picture("2.png", Deadly(pictures[2].path))
    with ReadAhead(SIZE, workers=1) as reader:
        decoded = list(reader.read(pictures))
    assert [one.index for one in decoded if one.problem] == [2]
    assert "ended the process that decoded it twice" in decoded[2].problem


class Deadly(type(Path())):  # a path whose spelling ends the process that is given it
    def __fspath__(self) -> str:
        return _Deadly(super().__fspath__())


class _Deadly(str):
    def __reduce__(self):
        return os._exit, (9,)


def test_the_disk_that_holds_pixels_for_a_moment_may_be_full(tmp_path, monkeypatch) -> None:
    pictures = files(tmp_path, 5)
    with ReadAhead(SIZE, workers=1, ahead=5) as reader:
        taken = reader.read(pictures)
        expected = [next(taken).pixels.copy()]
        for spooled in reader._spool.iterdir():
            spooled.unlink()  # what a full disk leaves: fewer bytes than there should be
        rest = list(taken)
    assert expected[0].shape == (*SIZE, 3)
    assert [one.problem for one in rest] == [None] * 4
    assert all(one.pixels.shape == (*SIZE, 3) for one in rest)


def test_nothing_is_left_behind(tmp_path) -> None:
    with ReadAhead(SIZE, workers=2) as reader:
        taken = reader.read(files(tmp_path, 20))
        next(taken)
        spool, workers = reader._spool, list(reader._processes._processes)
        assert spool.is_dir()
        assert len(workers) == 2
    assert not spool.exists()
    assert not any(map(psutil.pid_exists, workers))
    assert list(taken) == []


# What happens to a whole program. It has no `if __name__ == "__main__"`, as users' scripts have.

PROGRAM = """
import sys, time
from pathlib import Path
from workbench.images.ahead import ReadAhead
from workbench.images.stream import Picture
pictures = [Picture(path.name, path) for path in sorted(Path(sys.argv[1]).glob("*.png"))]
with ReadAhead((48, 64), workers=2, ahead=4) as reader:
    taken = reader.read(pictures)
    first = next(taken)
    print(reader._spool, *reader._processes._processes, flush=True)
    {then}
print("done", sum(one.problem is None for one in taken), flush=True)
"""


def program(tmp_path: Path, then: str) -> subprocess.Popen:
    files(tmp_path, 10)
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(PROGRAM.format(then=then)))
    return subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )


def gone(pids: list[int], within: float) -> bool:
    end = time.monotonic() + within
    while any(map(running, pids)):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    with program(tmp_path, "rest = list(taken); print(len(rest))") as script:
        out, err = script.communicate(timeout=60)
    assert (script.returncode, err) == (0, "")
    assert out.splitlines()[1:] == ["9", "done 0"]


def test_an_interrupt_ends_the_program_and_its_workers_in_silence(tmp_path: Path) -> None:
    with program(tmp_path, "time.sleep(300)") as script:
        spool, *pids = script.stdout.readline().split()
        os.killpg(script.pid, signal.SIGINT)  # as a terminal does: to the whole group
        _, err = script.communicate(timeout=60)
    assert err.strip().endswith("KeyboardInterrupt")
    assert err.count("Traceback") == 1, err
    assert gone(list(map(int, pids)), 5)
    assert not Path(spool).exists()


def test_workers_leave_soon_after_their_parent_was_killed(tmp_path: Path) -> None:
    with program(tmp_path, "time.sleep(60)") as script:
        spool, *pids = script.stdout.readline().split()
        script.kill()
        script.wait()
        assert gone(list(map(int, pids)), 10)
    assert not Path(spool).exists()


def test_workers_import_no_torch() -> None:
    code = "import sys, workbench.images.ahead; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
