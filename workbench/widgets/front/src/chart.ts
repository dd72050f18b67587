/** Small charts as SVG: axes that name themselves, with round numbers. */

import { s, short } from "./dom.ts";

/** Round numbers inside a range, about `count` of them. */
export function ticks(low: number, high: number, count = 6): number[] {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= raw * 0.999) as number);
  const found: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n++) found.push(n * step);
  return found;
}

/** A horizontal axis with round numbers, at height `y`. */
export function axis(
  low: number,
  high: number,
  x: (value: number) => number,
  y: number,
  count?: number,
): SVGGElement {
  const group = s("g", { class: "ne-axis" });
  group.append(s("line", { x1: x(low), x2: x(high), y1: y, y2: y }));
  for (const value of ticks(low, high, count)) {
    group.append(
      s("line", { x1: x(value), x2: x(value), y1: y, y2: y + 4 }),
      s("text", { x: x(value), y: y + 15, "text-anchor": "middle" }, short(value, 3)),
    );
  }
  return group;
}

/** A path through points. */
export function pathThrough(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  for (let i = 0; i < xs.length; i++) {
    path += `${i ? "L" : "M"}${x(xs[i]).toFixed(1)} ${y(ys[i]).toFixed(1)}`;
  }
  return path;
}

/** Bars of counts as one path: the upper edge of a histogram over its bin edges. */
export function steps(
  edges: ArrayLike<number>,
  counts: ArrayLike<number>,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const xs: number[] = [];
  const ys: number[] = [];
  for (let bin = 0; bin < counts.length; bin++) {
    xs.push(edges[bin], edges[bin + 1]);
    ys.push(counts[bin], counts[bin]);
  }
  xs.unshift(edges[0]);
  xs.push(edges[counts.length]);
  return `${pathThrough(xs, [0, ...ys, 0], x, y)}Z`;
}
