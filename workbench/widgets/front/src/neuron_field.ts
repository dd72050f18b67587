/** Where each neuron stands on the map, and how one walks from one to the next. */

import { PointGrid } from "./geometry.ts";
import { byValue } from "./order.ts";
import type { Session } from "./session.ts";

const SPREAD = 0.84; // of a column's width

export class NeuronField {
  readonly grid: PointGrid;
  /** What the columns are. */
  readonly caption: string;
  readonly #session: Session;
  readonly #orders = new Map<number, Int32Array>();
  readonly #low: number;
  readonly #high: number;

  constructor(session: Session) {
    this.#session = session;
    const { sensitivity } = session;
    const { sites } = session.header;
    let [low, high] = [Infinity, -Infinity];
    for (const value of sensitivity) {
      if (!(value > 0)) continue; // zero has no logarithm; it stands on the floor
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) [low, high] = [1, 10];
    // The least sensitive few would squeeze all others together, so the floor is 8 decades down.
    this.#low = Math.max(Math.log10(low), Math.log10(high) - 8) - 0.05;
    this.#high = Math.log10(high) + 0.05;
    const x = new Float32Array(sensitivity.length);
    const y = new Float32Array(sensitivity.length);
    sites.forEach((_, column) => {
      const [from, to] = session.site(column);
      for (let neuron = from; neuron < to; neuron++) {
        // The golden ratio spreads neighbours far apart, the same way every time.
        const jitter = (((neuron - from) * 0.6180339887) % 1) - 0.5;
        x[neuron] = (column + 0.5 + SPREAD * jitter) / sites.length;
        y[neuron] = this.#y(sensitivity[neuron]);
      }
    });
    this.grid = new PointGrid(x, y);
    const kinds = new Set(sites.map((site) => site.site.replace(/\d+/, "*")));
    this.caption = `layer${kinds.size === 1 ? ` (${[...kinds][0]})` : ""}`;
  }

  /** Powers of ten on the axis, upwards. */
  ticks(): { value: string; y: number }[] {
    const ticks = [];
    const every = Math.ceil((this.#high - this.#low) / 6);
    for (let power = Math.ceil(this.#low); power <= this.#high; power += every) {
      const value = power >= -2 && power <= 3 ? String(Number(`1e${power}`)) : `1e${power}`;
      ticks.push({ value: value.replace("-", "−"), y: this.#y(10 ** power) });
    }
    return ticks;
  }

  /** A neuron's rank by sensitivity at its site, 1 the highest. */
  rank(neuron: number): number {
    const [from, to] = this.#session.site(this.#session.where(neuron).column);
    const { sensitivity } = this.#session;
    let rank = 1;
    for (let other = from; other < to; other++) {
      const more = sensitivity[other] - sensitivity[neuron];
      if (more > 0 || (more === 0 && other < neuron)) rank++;
    }
    return rank;
  }

  /** The neuron to which a key leads, or undefined if it leads nowhere. */
  step(neuron: number, key: string): number | undefined {
    const session = this.#session;
    const { column } = session.where(neuron);
    const order = this.#order(column);
    const at = order.indexOf(neuron);
    const within = (place: number): number => order[Math.min(order.length - 1, Math.max(0, place))];
    switch (key) {
      case "ArrowUp":
        return within(at - 1);
      case "ArrowDown":
        return within(at + 1);
      case "PageUp":
        return within(at - 25);
      case "PageDown":
        return within(at + 25);
      case "Home":
        return within(0);
      case "End":
        return within(order.length - 1);
      case "ArrowLeft":
        return this.#beside(neuron, column - 1);
      case "ArrowRight":
        return this.#beside(neuron, column + 1);
      case "n":
      case "p": {
        const { selected } = session;
        if (!selected.length) return undefined;
        const place = session.place(neuron);
        const next = place < 0 ? 0 : place + (key === "n" ? 1 : selected.length - 1);
        return selected[next % selected.length];
      }
      default:
        return undefined;
    }
  }

  #y(sensitivity: number): number {
    const unit = (Math.log10(Math.max(sensitivity, 1e-45)) - this.#low) / (this.#high - this.#low);
    return 1 - Math.min(1, Math.max(0, unit));
  }

  #order(column: number): Int32Array {
    let order = this.#orders.get(column);
    if (!order) {
      const [from, to] = this.#session.site(column);
      const { sensitivity } = this.#session;
      order = Int32Array.from(byValue(sensitivity.subarray(from, to)), (place) => from + place);
      this.#orders.set(column, order);
    }
    return order;
  }

  /** The neuron of another column that is as sensitive as can be found. */
  #beside(neuron: number, column: number): number | undefined {
    if (column < 0 || column >= this.#session.header.sites.length) return neuron;
    const { sensitivity } = this.#session;
    let best: number | undefined;
    for (const other of this.#order(column)) {
      const off = (one: number): number => Math.abs(sensitivity[one] - sensitivity[neuron]);
      if (best === undefined || off(other) < off(best)) best = other;
    }
    return best;
  }
}
