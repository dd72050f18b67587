/** Points on a plane: picking one of many thousands, and those inside a lasso. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Whether a point lies inside a polygon (even-odd rule). */
export function inside(x: number, y: number, polygon: readonly Point[]): boolean {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [a, b] = [polygon[i], polygon[j]];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) odd = !odd;
  }
  return odd;
}

/** Points in the unit square, sorted into cells so that few are looked at. */
export class PointGrid {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly #cells: number;
  readonly #starts: Int32Array;
  readonly #members: Int32Array;

  constructor(x: Float32Array, y: Float32Array, cells = 128) {
    this.x = x;
    this.y = y;
    this.#cells = cells;
    this.#starts = new Int32Array(cells * cells + 1);
    const cellOf = new Int32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      cellOf[i] = this.#cell(y[i]) * cells + this.#cell(x[i]);
      this.#starts[cellOf[i] + 1]++;
    }
    for (let c = 0; c < cells * cells; c++) this.#starts[c + 1] += this.#starts[c];
    const next = this.#starts.slice();
    this.#members = new Int32Array(x.length);
    for (let i = 0; i < x.length; i++) this.#members[next[cellOf[i]]++] = i;
  }

  /** The nearest point within an ellipse of the given radii, or -1. */
  nearest(x: number, y: number, radiusX: number, radiusY: number): number {
    let best = 1;
    let found = -1;
    this.#each(x - radiusX, y - radiusY, x + radiusX, y + radiusY, (i) => {
      const distance = ((this.x[i] - x) / radiusX) ** 2 + ((this.y[i] - y) / radiusY) ** 2;
      if (distance <= best) {
        best = distance;
        found = i;
      }
    });
    return found;
  }

  /** The points inside a polygon, in ascending order. */
  within(polygon: readonly Point[]): number[] {
    if (polygon.length < 3) return [];
    const xs = polygon.map((corner) => corner.x);
    const ys = polygon.map((corner) => corner.y);
    const found: number[] = [];
    this.#each(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (i) => {
      if (inside(this.x[i], this.y[i], polygon)) found.push(i);
    });
    return found.sort((a, b) => a - b);
  }

  #cell(value: number): number {
    return Math.min(this.#cells - 1, Math.max(0, Math.floor(value * this.#cells)));
  }

  #each(x0: number, y0: number, x1: number, y1: number, use: (i: number) => void): void {
    const [left, right] = [this.#cell(x0), this.#cell(x1)];
    for (let row = this.#cell(y0); row <= this.#cell(y1); row++) {
      const from = this.#starts[row * this.#cells + left];
      const to = this.#starts[row * this.#cells + right + 1];
      for (let place = from; place < to; place++) use(this.#members[place]);
    }
  }
}

/** The outline of the non-zero cells of a grid, as pairs of corners: x0, y0, x1, y1 and so on. */
export function outline(cells: ArrayLike<number>, rows: number, columns: number): number[] {
  const on = (row: number, column: number): boolean =>
    row >= 0 && row < rows && column >= 0 && column < columns && !!cells[row * columns + column];
  const lines: number[] = [];
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column <= columns; column++) {
      const here = on(row, column);
      if (here !== on(row - 1, column)) lines.push(column, row, column + 1, row);
      if (here !== on(row, column - 1)) lines.push(column, row, column, row + 1);
    }
  }
  return lines;
}
