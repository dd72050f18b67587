import assert from "node:assert/strict";
import { test } from "node:test";
import { inside, outline, PointGrid } from "../src/geometry.ts";
import { random } from "../testing/invented.ts";

const SQUARE = [{ x: 0, y: 0 }, { x: 2, y: 0 }, { x: 2, y: 2 }, { x: 0, y: 2 }];
const ARROW = [{ x: 0, y: 0 }, { x: 1, y: 0.5 }, { x: 0, y: 1 }, { x: 0.4, y: 0.5 }];

test("a point is inside a lasso or outside, also in a hollow", () => {
  assert.ok(inside(1, 1, SQUARE));
  assert.ok(!inside(3, 1, SQUARE));
  assert.ok(!inside(1, -0.1, SQUARE));
  assert.ok(inside(0.6, 0.5, ARROW));
  assert.ok(!inside(0.2, 0.5, ARROW));
});

const draw = random(3);
const x = Float32Array.from({ length: 5000 }, draw);
const y = Float32Array.from({ length: 5000 }, draw);
const grid = new PointGrid(x, y);

test("the grid picks the point that looking at all of them picks", () => {
  for (let i = 0; i < 300; i++) {
    const [px, py] = [draw() * 1.2 - 0.1, draw() * 1.2 - 0.1];
    let [best, at] = [1, -1];
    for (let j = 0; j < x.length; j++) {
      const distance = ((x[j] - px) / 0.02) ** 2 + ((y[j] - py) / 0.03) ** 2;
      if (distance <= best) [best, at] = [distance, j];
    }
    const found = grid.nearest(px, py, 0.02, 0.03);
    if (found !== at) assert.equal(x[found], x[at]);
  }
});

test("a lasso finds exactly the points inside it", () => {
  const shifted = ARROW.map((corner) => ({ x: 0.2 + 0.5 * corner.x, y: 0.1 + 0.7 * corner.y }));
  const all = Array.from(x.keys()).filter((i) => inside(x[i], y[i], shifted));
  assert.ok(all.length > 100);
  assert.deepEqual(grid.within(shifted), all);
  assert.deepEqual(grid.within(SQUARE).length, 5000);
});

test("two corners are no lasso", () => {
  assert.deepEqual(grid.within(SQUARE.slice(0, 2)), []);
});

test("points on the square's own edge are found", () => {
  const edge = new PointGrid(Float32Array.of(0, 1), Float32Array.of(1, 0), 4);
  assert.equal(edge.nearest(1, 0, 0.1, 0.1), 1);
  assert.equal(edge.nearest(0, 1, 0.1, 0.1), 0);
});

test("the outline of a cell has four sides, and neighbours share none", () => {
  assert.equal(outline([1], 1, 1).length, 4 * 4);
  assert.equal(outline([1, 1], 1, 2).length, 6 * 4);
  assert.equal(outline([0, 0, 0, 0], 2, 2).length, 0);
});
