"""The folder of a recording: files in one step, markers, the manifest, and what faults leave."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.torch import load_file

from tests.recording.small_store import make_plan, small_store, values_of, write_shard
from workbench.errors import RunError
from workbench.recording import tensor_files
from workbench.recording.image_list import ImageEntry
from workbench.recording.manifest import (
    FileMark,
    ShardRecord,
    complete_recording,
    file_name,
    hash_file,
    read_json,
    read_manifest,
    read_markers,
    read_plan,
    shard_problems,
    start_recording,
    tidy,
    write_marker,
    write_tensors,
)
from workbench.recording.tensor_files import TensorFile, replace_file

TENSORS = {"b": torch.arange(6.0).view(2, 3), "a/xxh3": torch.arange(3)}
ENTRIES = [ImageEntry(f"{at}.png", f"/x/{at}.png", 3, f"{at:016x}", 4, 5) for at in range(7)]


def test_the_same_tensors_are_the_same_bytes(tmp_path) -> None:
    turned = dict(reversed(TENSORS.items()))
    marks = [write_tensors(tmp_path / f"{at}.st", t) for at, t in enumerate([TENSORS, turned])]
    assert marks[0] == marks[1]
    assert (tmp_path / "0.st").read_bytes() == (tmp_path / "1.st").read_bytes()
    assert marks[0] == FileMark((tmp_path / "0.st").stat().st_size, hash_file(tmp_path / "0.st"))


def test_written_tensors_come_back_and_the_mark_tells_what_is_wrong(tmp_path) -> None:
    path = tmp_path / "deep" / "x.safetensors"
    mark = write_tensors(path, TENSORS)
    assert all(torch.equal(load_file(path)[name], value) for name, value in TENSORS.items())
    assert mark.problem(path) is None
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"\x77")
    assert mark.problem(path, contents=False) is None
    assert "other contents" in str(mark.problem(path))
    path.write_bytes(content[:-1])
    assert f"has {len(content) - 1} bytes, {len(content)} were written" in str(mark.problem(path))
    path.unlink()
    assert mark.problem(path) == "is missing"


NUMBERS = (
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int16,
    torch.uint8,
    torch.bool,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    tensors=st.lists(
        st.tuples(st.sampled_from(NUMBERS), st.lists(st.integers(0, 4), max_size=3)), max_size=6
    )
)
def test_the_mark_is_that_of_the_file_as_it_lies_on_disk(tmp_path, tensors) -> None:
    noise = torch.Generator().manual_seed(5)
    held = {
        f"{name}/ü": torch.randn(shape, generator=noise).mul(9).to(dtype)
        for name, (dtype, shape) in enumerate(tensors)
    }
    path = tmp_path / "x.safetensors"
    mark = write_tensors(path, held)
    assert mark == FileMark(path.stat().st_size, hash_file(path))


def test_a_full_disk_names_the_file_and_the_way_on(tmp_path, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(tensor_files, "save_file", full)
    path = tmp_path / "activations" / "00003.safetensors"
    with pytest.raises(
        RunError, match=r"00003.*No space left on device.*are kept.*Free some space.*--resume"
    ):
        write_tensors(path, TENSORS)
    assert list(path.parent.iterdir()) == []


LIMITED = """
import resource, sys, torch
from pathlib import Path
from workbench.errors import RunError
from workbench.recording.manifest import write_tensors
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_tensors(Path(sys.argv[1]), {"x": torch.zeros(100_000)})
except RunError as error:
    sys.exit(str(error))
"""


def test_a_write_that_the_system_stops_half_way_leaves_nothing(tmp_path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "x.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"cannot write {path}: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path) -> None:
    path = tmp_path / "x"
    replace_file(path, lambda part: part.write_text("old"))

    def interrupted(part: Path) -> None:
        part.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(path, interrupted)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write .*file/x"):
        write_tensors(tmp_path / "file" / "x", TENSORS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    rows=st.integers(1, 6),
    width=st.integers(0, 5),
    dtype=st.sampled_from([torch.float32, torch.float16, torch.bfloat16, torch.int64]),
)
def test_a_mapped_file_gives_the_rows_that_were_written(tmp_path, rows, width, dtype) -> None:
    values = torch.randn(rows, 2, width).mul(100).to(dtype)
    write_tensors(tmp_path / "x.st", {"other": torch.ones(3), "values": values})
    file = TensorFile(tmp_path / "x.st")
    for start in range(rows):
        view = torch.from_numpy(file.view("values", start, rows).copy()).view(dtype)
        assert torch.equal(view, values[start:])


def test_damaged_tensor_files_are_named(tmp_path) -> None:
    path = tmp_path / "x.safetensors"
    for content in (b"", b"123", b"\xff" * 40, (2).to_bytes(8, "little") + b"{]" + b"0" * 9):
        path.write_bytes(content)
        with pytest.raises(RunError, match=r"x\.safetensors .*store verify"):
            TensorFile(path)
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(RunError, match="does not hold values"):
        TensorFile(path).view("values", 0, 1)
    with pytest.raises(RunError, match="is missing"):
        TensorFile(tmp_path / "none")


def test_a_recording_begins_goes_on_and_ends(tmp_path) -> None:
    plan = make_plan(ENTRIES)
    begun = start_recording(tmp_path, plan, "workbench record x")
    assert (begun.complete, begun.number, begun.shards) == (False, 7, {})
    assert read_plan(begun) == plan
    records = [write_shard(tmp_path, plan, at, values_of(7), {4: "torn"}) for at in range(3)]
    assert read_markers(tmp_path) == {record.index: record for record in records}
    half = read_manifest(tmp_path)
    assert (half.complete, list(half.shards), half.unreadable) == (False, [0, 1, 2], {4: "torn"})
    part = write_tensors(tmp_path / "parts" / "00001.safetensors", TENSORS)
    told = replace(
        records[1],
        files={**records[1].files, "parts/00001.safetensors": part},
        events=("out of memory",),
    )
    done = complete_recording(tmp_path, [told, records[2], records[0]], {}, ["resumed once"])
    found = read_manifest(tmp_path)
    assert found.content == done.content
    assert (found.complete, found.fingerprint) == (True, plan.fingerprint)
    assert found.shards[1].files == records[1].files
    assert found.unreadable == {4: "torn"}
    assert found.events == ("resumed once", "shard 1: out of memory")
    assert read_plan(found) == plan
    names = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    files = [file_name("activations", at) for at in range(3)]
    assert names == [*files, "images.csv", "manifest.json"]


def test_a_marker_cut_short_does_not_count(tmp_path) -> None:
    plan = make_plan(ENTRIES)
    records = [write_shard(tmp_path, plan, at, values_of(7)) for at in range(3)]
    marker = tmp_path / "shards" / "00001.json"
    for content in ("", marker.read_text()[:-9], "[]", '{"index": 1}'):
        marker.write_text(content)
        assert read_markers(tmp_path) == {0: records[0], 2: records[2]}


def test_a_shard_says_which_of_its_files_are_wrong(tmp_path) -> None:
    record = write_shard(tmp_path, make_plan(ENTRIES), 0, values_of(7))
    assert shard_problems(tmp_path, record) == {}
    (tmp_path / file_name("activations", 0)).write_bytes(b"short")
    assert "has 5 bytes" in shard_problems(tmp_path, record)["activations/00000.safetensors"]


def test_a_record_comes_back_from_plain_data(tmp_path) -> None:
    record = ShardRecord(2, 6, 9, {"a": FileMark(3, "f")}, 4, {7: "torn"}, ("slow",))
    write_marker(tmp_path, record)
    assert read_markers(tmp_path) == {2: record}


def test_half_written_files_are_tidied_away_and_others_stay(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    (folder / "activations" / ".00001.safetensors.abc.part").write_text("half")
    (folder / "activations" / ".tmpZqmGl9").write_text("what safetensors began")
    (folder / "shards").mkdir()
    (folder / "shards" / "00000.json").write_text("{}")
    (folder / "note.txt").write_text("mine")
    tidy(folder, read_manifest(folder))
    assert sorted(p.name for p in folder.iterdir()) == [
        "activations",
        "images.csv",
        "manifest.json",
        "note.txt",
    ]
    assert len(list((folder / "activations").iterdir())) == 3


def edit(folder: Path, **changes) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_newer_format_names_the_version_that_wrote_it(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    edit(folder, format=2, workbench="7.1")
    with pytest.raises(RunError, match=r"format 2, written by workbench 7\.1.*Update"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is damaged"),
        ("[]", "not the manifest of a recording"),
        ('{"format": "workbench excavation"}', "not the manifest of a recording"),
        ('{"format": 1, "status": "complete", "fingerprint": "x"}', "is damaged"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, content, message) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(RunError, match=message):
        read_manifest(tmp_path)


def test_what_is_no_store_is_refused(tmp_path) -> None:
    with pytest.raises(RunError, match=r"is not a store: it has no manifest\.json"):
        read_manifest(tmp_path)
    with pytest.raises(RunError, match="is not a store: it is no folder"):
        read_manifest(tmp_path / "nowhere")


def test_an_edited_image_list_is_noticed(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    images = folder / "images.csv"
    images.write_text(images.read_text().replace("03.png", "99.png"))
    with pytest.raises(RunError, match=r"images\.csv has other contents"):
        read_plan(read_manifest(folder))


def test_json_that_is_damaged_or_missing_is_named(tmp_path) -> None:
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(RunError, match=r"x\.json is damaged"):
        read_json(tmp_path / "x.json")
    with pytest.raises(RunError, match=r"y\.json is missing"):
        read_json(tmp_path / "y.json")
