import assert from "node:assert/strict";
import { test } from "node:test";
import { sides } from "../src/views/compare.ts";
import { changedSides, confusion, curves, extent, histogram } from "../src/curves.ts";
import { byMistake, byName, byValue, isMistake, wrongness } from "../src/order.ts";
import { ticks } from "../src/chart.ts";

const LABELS = [1, 0, 1, 0, 1] as const;
const SCORES = [0.9, 0.8, 0.7, 0.3, 0.1];

test("ROC and precision-recall of five images are those worked by hand", () => {
  const found = curves(SCORES, LABELS);
  assert.ok(found);
  // Anomalous 0.9, 0.7, 0.1 against normal 0.8, 0.3: 2 + 1 + 0 of 6 pairs are in order.
  assert.equal(found.auroc, 3 / 6);
  assert.deepEqual([...found.roc.x], [0, 0, 0.5, 0.5, 1, 1]);
  assert.deepEqual([...found.roc.y], [0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1]);
  assert.deepEqual([...found.precisionRecall.y], [1, 1 / 2, 2 / 3, 2 / 4, 3 / 5]);
  assert.ok(Math.abs(found.averagePrecision - (1 + 2 / 3 + 3 / 5) / 3) < 1e-12);
});

test("ties count half, whatever their order", () => {
  assert.equal(curves([1, 1], [1, 0])?.auroc, 0.5);
  assert.equal(curves([1, 1], [0, 1])?.auroc, 0.5);
  assert.equal(curves([2, 1, 1, 0], [1, 1, 0, 0])?.auroc, 3.5 / 4);
});

test("images without a label or a score take no part, and one kind alone has no curve", () => {
  const found = curves([...SCORES, 5, NaN], [...LABELS, null, 1]);
  assert.equal(found?.images, 5);
  assert.equal(found?.auroc, 0.5);
  assert.equal(curves([1, 2], [0, 0]), null);
  assert.equal(curves([], []), null);
});

test("a score at the threshold counts as anomalous", () => {
  assert.deepEqual(confusion(SCORES, LABELS, 0.7), { found: 2, missed: 1, alarms: 1, passed: 1 });
  assert.deepEqual(confusion(SCORES, LABELS, 0.71), { found: 1, missed: 2, alarms: 1, passed: 1 });
  assert.deepEqual(confusion([NaN, 1], [1, null], 0), { found: 0, missed: 0, alarms: 0, passed: 0 });
});

test("those change sides whose score lies between both thresholds, nearest first", () => {
  assert.deepEqual(changedSides(SCORES, 0.75, 0.2), [3, 2]);
  assert.deepEqual(changedSides(SCORES, 0.2, 0.75), [2, 3]);
  assert.deepEqual(changedSides(SCORES, 0.8, 0.8), []);
});

test("one also changes sides where the score moves and the threshold stays", () => {
  assert.deepEqual(changedSides([0.2, 0.9], 0.5, 0.5, [0.9, 0.9]), [0]);
  assert.deepEqual(changedSides([NaN, 0.9], 0.5, 0.5, [0.9, 0.1]), [1]);
});

test("the worst mistake comes first, unlabelled images last", () => {
  assert.deepEqual(byMistake([0.9, 0.8, 0.1, 0.2, 0.5], [1, 0, 1, 0, null], 0.5), [2, 1, 3, 0, 4]);
  assert.ok(Number.isNaN(wrongness(1, null, 0)));
  assert.ok(isMistake(0.5, 0, 0.5));
  assert.ok(!isMistake(0.5, 1, 0.5));
  assert.ok(isMistake(0.4, 1, 0.5));
  assert.ok(!isMistake(NaN, 1, 0.5));
});

test("images are listed by value with equals in order and missing ones last", () => {
  assert.deepEqual(byValue([1, NaN, 3, 3]), [2, 3, 0, 1]);
  assert.deepEqual(byName(["b10", "b9", "a"]), [2, 1, 0]);
});

test("every score falls into a bin, those at the ends too", () => {
  const { normal, anomalous, unknown } = histogram([0, 0.49, 1, 2, NaN], [0, 0, 1, null, 1], 0, 1, 2);
  assert.deepEqual([normal, anomalous, unknown], [[2, 0], [0, 1], [0, 1]]);
});

test("an extent has a width, also of one value and of none", () => {
  assert.deepEqual(extent([3, NaN, 1]), [1, 3]);
  assert.deepEqual(extent([2]), [1.5, 2.5]);
  assert.deepEqual(extent([]), [0, 1]);
});

test("ticks are round numbers within the range", () => {
  assert.deepEqual(ticks(0, 1, 4).map((tick) => tick.toFixed(1)), ["0.0", "0.5", "1.0"]);
  assert.deepEqual(ticks(1, 1), []);
  assert.deepEqual(ticks(1.1, 9.6), [2, 4, 6, 8]); // one number alone would be no scale
});

test("what only one of two runs flags is told apart by both thresholds", () => {
  assert.deepEqual(sides([[1, 2, 3, 2], [5, 4, 9, 1]], [2, 5]), { onlyA: [1, 3], onlyB: [0] });
  assert.deepEqual(sides([[], []], [0, 0]), { onlyA: [], onlyB: [] });
});
