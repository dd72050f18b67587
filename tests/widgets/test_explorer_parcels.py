import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.widgets.explorers import decoded
from workbench.errors import SettingError
from workbench.widgets.explorer.parcel import DTYPES, Parcel, packed, plain

shapes = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)
some_arrays = st.sampled_from(DTYPES).flatmap(
    lambda name: st.sampled_from("<>").flatmap(
        lambda order: arrays.arrays(np.dtype(name).newbyteorder(order), shapes)
    )
)
several = st.dictionaries(st.text(min_size=1, max_size=4), some_arrays, max_size=4)
headers = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.shape == other[name].shape
        assert array.dtype.name == other[name].dtype.name
        assert array.astype(array.dtype.newbyteorder("<")).tobytes() == other[name].tobytes()


@given(several)
def test_arrays_come_back_as_they_were_sent(given_arrays):
    content, buffers = Parcel({}, given_arrays).message(3)
    assert content["id"] == 3
    same(given_arrays, decoded(content["arrays"], buffers))


@given(st.dictionaries(st.text(), several, max_size=3))
def test_parcels_come_back_out_of_a_file(parcels):
    text, content = packed({key: Parcel({}, each) for key, each in parcels.items()})
    found = {plain(key): None for key in parcels}
    for one in json.loads(text)["parcels"]:
        buffers = [
            content[a["offset"] :][: int(np.prod(a["shape"])) * np.dtype(a["dtype"]).itemsize]
            for a in one["arrays"]
        ]
        found[plain(one["key"])] = decoded(one["arrays"], buffers)
    for key, each in parcels.items():
        same({plain(name): array for name, array in each.items()}, found[plain(key)])


def test_strided_arrays_travel_in_c_order():
    array = np.arange(12, dtype=np.int32).reshape(3, 4).T[::2]
    _, (buffer,) = Parcel({}, {"a": array}).message(0)
    assert np.array_equal(np.frombuffer(buffer, "<i4").reshape(array.shape), array)


@given(headers)
def test_every_header_is_json_that_a_browser_reads(header):
    text, _ = packed({"open": Parcel({"any": header}, {})})
    json.loads(text.encode("utf-8"))
    assert "<" not in text


def test_a_type_that_the_front_end_cannot_read_is_refused():
    with pytest.raises(SettingError, match="array a is float64"):
        Parcel({}, {"a": np.zeros(2)})


def test_the_size_of_a_parcel_is_what_travels():
    parcel = Parcel({"a": "b"}, {"x": np.zeros((2, 3), np.float32)})
    assert parcel.size == len('{"a": "b"}') + 24
