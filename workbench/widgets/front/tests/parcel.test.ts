import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeArray, decodeParcel, fromBase64, fromFloat16 } from "../src/parcel.ts";
import { random, toFloat16 } from "../testing/invented.ts";

test("float16 bits are the numbers that IEEE 754 says", () => {
  const cases: [number, number][] = [
    [0x0000, 0], [0x3c00, 1], [0xc000, -2], [0x3555, 0.333251953125], [0x7bff, 65504],
    [0x0001, 2 ** -24], [0x03ff, 1023 * 2 ** -24], [0x0400, 2 ** -14], [0x7c00, Infinity], [0xfc00, -Infinity],
  ];
  for (const [bits, value] of cases) assert.equal(fromFloat16(Uint16Array.of(bits))[0], value);
  assert.ok(Number.isNaN(fromFloat16(Uint16Array.of(0x7e00))[0]));
  assert.ok(Object.is(fromFloat16(Uint16Array.of(0x8000))[0], -0));
});

test("all finite float16 survive being written and read", () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    assert.equal(toFloat16(fromFloat16(Uint16Array.of(bits))[0]), bits);
  }
});

test("float16 keeps eleven bits of a number", () => {
  const draw = random(5);
  for (let i = 0; i < 2000; i++) {
    const value = (draw() - 0.5) * 10 ** (draw() * 6 - 2);
    const back = fromFloat16(Uint16Array.of(toFloat16(value)))[0];
    assert.ok(Math.abs(back - value) <= Math.abs(value) * 2 ** -11 + 2 ** -25);
  }
});

test("a parcel's arrays are read in order, by type, also from odd offsets", () => {
  const whole = new Uint8Array(64);
  const view = new DataView(whole.buffer);
  whole[0] = 7;
  view.setFloat32(1, 1.5, true);
  view.setFloat32(5, -2, true);
  view.setInt32(9, -3, true);
  view.setUint16(13, 0x3c00, true);
  const part = (from: number, to: number) => new DataView(whole.buffer, from, to - from);
  const { header, arrays } = decodeParcel(
    { name: "x" },
    [
      { name: "a", dtype: "uint8", shape: [1] },
      { name: "b", dtype: "float32", shape: [1, 2] },
      { name: "c", dtype: "int32", shape: [1] },
      { name: "d", dtype: "float16", shape: [1] },
    ],
    [part(0, 1), part(1, 9), part(9, 13), part(13, 15)],
  );
  assert.equal(header.name, "x");
  assert.deepEqual([...(arrays["a"] ?? [])], [7]);
  assert.deepEqual([...(arrays["b"] ?? [])], [1.5, -2]);
  assert.deepEqual([...(arrays["c"] ?? [])], [-3]);
  assert.deepEqual([...(arrays["d"] ?? [])], [1]);
});

test("bytes that do not fit are refused with the array's name", () => {
  const four = new Uint8Array(4);
  assert.throws(() => decodeArray({ name: "maxima", dtype: "float32", shape: [2] }, four), /maxima.*8 bytes.*4/);
  assert.throws(() => decodeArray({ name: "x", dtype: "float64", shape: [1] }, four), /x.*float64/);
  assert.throws(() => decodeParcel({}, [], [four]), /0 arrays.*1 came/);
});

test("an empty array is empty", () => {
  assert.equal(decodeArray({ name: "a", dtype: "int32", shape: [0, 2] }, new Uint8Array(0)).length, 0);
});

test("base64 becomes the bytes that were written", () => {
  assert.deepEqual([...fromBase64("\n AAH/gA== \n")], [0, 1, 255, 128]);
});
