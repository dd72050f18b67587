"""One recorder at a time, and a dead one leaves no lock."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.errors import RunError
from workbench.recording.lock import recording_lock

HOLD = """
import sys, time
from pathlib import Path
from workbench.recording.lock import recording_lock
with recording_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_recorder_is_told_of_the_first_and_a_killed_one_is_no_obstacle(tmp_path) -> None:
    with holder(tmp_path) as process:
        try:
            with (
                pytest.raises(
                    RunError, match=rf"recorded by process {process.pid} on .* since \d\d:\d\d"
                ),
                recording_lock(tmp_path),
            ):
                pytest.fail("two recorders")
        finally:
            os.kill(process.pid, signal.SIGKILL)
    with recording_lock(tmp_path):
        assert f'"pid": {os.getpid()}' in (tmp_path / ".recording.json").read_text()


def test_the_same_process_may_not_record_twice_at_a_time_but_again_afterwards(tmp_path) -> None:
    with recording_lock(tmp_path / "store"):
        with (
            pytest.raises(RunError, match=f"process {os.getpid()}"),
            recording_lock(tmp_path / "store"),
        ):
            pytest.fail("two recorders")
        with recording_lock(tmp_path / "other"):
            pass
    with recording_lock(tmp_path / "store"):
        pass
    assert not (tmp_path / "store" / ".recording.json").exists()


def test_a_holder_that_left_no_note_is_still_respected(tmp_path) -> None:
    with recording_lock(tmp_path):
        (tmp_path / ".recording.json").write_text("{half")
        with pytest.raises(RunError, match="by another process"), recording_lock(tmp_path):
            pytest.fail("two recorders")


def test_the_lock_is_let_go_after_an_exception(tmp_path) -> None:
    with pytest.raises(KeyError), recording_lock(tmp_path):
        raise KeyError
    with recording_lock(tmp_path):
        pass


def test_a_place_that_cannot_hold_a_folder_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="file cannot be locked"), recording_lock(tmp_path / "file"):
        pytest.fail("a lock in a file")
