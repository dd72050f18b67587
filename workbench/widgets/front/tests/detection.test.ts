import assert from "node:assert/strict";
import { test } from "node:test";
import { argmax, fuse, judge, sharesAt, takingPart, unitRows } from "../src/detection.ts";
import { random } from "../testing/invented.ts";

const draw = random(11);
const K = 10;
const values = (rows: number) => Float32Array.from({ length: rows * K }, () => draw() * 4 - 1);

/** The distance of detection, written down without any haste, in double precision. */
function plain(features: Float32Array, gallery: Float32Array, places: number[]) {
  const unit = (of: Float32Array, row: number): number[] => {
    const some = places.map((place) => of[row * K + place]);
    const length = Math.sqrt(some.reduce((sum, value) => sum + value * value, 0));
    return some.map((value) => (length ? value / length : 0));
  };
  const rows = Array.from({ length: gallery.length / K }, (_, row) => unit(gallery, row));
  return Array.from({ length: features.length / K }, (_, patch) => {
    const q = unit(features, patch);
    const distances = rows.map((m) => q.reduce((sum, value, d) => sum + (value - m[d]) ** 2 / 4, 0));
    const score = Math.min(...distances);
    return { score, row: distances.indexOf(score) };
  });
}

for (const [name, subset] of [
  ["all neurons", { mode: "all", positions: [] }],
  ["only some", { mode: "only", positions: [7, 1, 4] }],
  ["without some", { mode: "without", positions: [0, 9] }],
  ["only one", { mode: "only", positions: [3] }],
] as const) {
  test(`detection in the browser equals the plain reference with ${name}`, () => {
    const [features, gallery] = [values(40), values(30)];
    const places = takingPart(subset, K);
    const found = judge(features, K, places, unitRows(gallery, K, places));
    plain(features, gallery, places).forEach(({ score, row }, patch) => {
      assert.ok(Math.abs(found.visual[patch] - score) < 1e-6, `patch ${patch}`);
      if (places.length > 1) assert.equal(found.nearest[patch], row);
    });
  });
}

test("the shares of a patch sum to its visual score, and others have none", () => {
  const [features, gallery] = [values(20), values(25)];
  for (const positions of [[], [1, 5, 8]]) {
    const places = takingPart({ mode: positions.length ? "without" : "all", positions }, K);
    const { visual, nearest } = judge(features, K, places, unitRows(gallery, K, places));
    const rows = new Float32Array(20 * K);
    nearest.forEach((row, p) => rows.set(gallery.subarray(row * K, (row + 1) * K), p * K));
    for (let p = 0; p < 20; p++) {
      const shares = sharesAt(features, rows, K, places, p);
      const sum = shares.reduce((total, share) => total + share, 0);
      assert.ok(Math.abs(sum - visual[p]) < 1e-7 + 1e-5 * visual[p]);
      for (const place of positions) assert.equal(shares[place], 0);
      assert.ok(shares.every((share) => share >= 0));
    }
  }
});

test("a row of zeros stays zero and is a quarter from any other", () => {
  const places = takingPart({ mode: "all", positions: [] }, K);
  const gallery = unitRows(values(3), K, places);
  assert.ok(Math.abs(judge(new Float32Array(K), K, places, gallery).visual[0] - 0.25) < 1e-6);
});

test("no positions are all neurons, and places come in order", () => {
  assert.deepEqual(takingPart({ mode: "only", positions: [] }, 3), [0, 1, 2]);
  assert.deepEqual(takingPart({ mode: "only", positions: [2, 0] }, 3), [0, 2]);
  assert.deepEqual(takingPart({ mode: "without", positions: [2, 0] }, 3), [1]);
});

test("fusion is the weighted sum of standardised branches, text as a probability", () => {
  const visual = Float32Array.of(0.5, 0.1);
  const text = Float32Array.of(0, 2);
  const fused = fuse({ weight: 0.25, visual: [0.1, 0.2], text: [0.5, 0.1] }, visual, text);
  assert.ok(Math.abs(fused[0] - (0.75 * 2 + 0.25 * 0)) < 1e-6);
  const odds = 1 / (1 + Math.exp(-2));
  assert.ok(Math.abs(fused[1] - (0.25 * (odds - 0.5)) / 0.1) < 1e-5);
});

test("text alone stays in log odds, and without text there is only the visual part", () => {
  const text = fuse({ weight: 1, visual: [0, 1], text: [1, 2] }, Float32Array.of(9), Float32Array.of(5));
  assert.equal(text[0], 2);
  assert.equal(fuse({ weight: 0, visual: [1, 2] }, Float32Array.of(9), undefined)[0], 4);
});

test("the first of equal peaks is the peak", () => {
  assert.equal(argmax([1, 3, 3, 2]), 1);
});
