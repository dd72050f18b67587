/** A curve in the unit square, with the place of the threshold on it. */

import { pathThrough } from "../chart.ts";
import type { Points } from "../curves.ts";
import { foot, h, label, s, write } from "../dom.ts";

export const percent100 = (value: number): string => (100 * value).toFixed(1).replace("-", "−");

/** `limit` is where the horizontal axis ends. */
export function plot(title: string, axes: string, limit = 1) {
  const size = 118;
  const at = (value: number): number => 8 + (value / limit) * size;
  const up = (value: number): number => 8 + (1 - value) * size;
  const line = s("path.ne-curve");
  const dot = s("circle.ne-operating", { r: 4, visibility: "hidden" });
  const figure = h("b");
  const below = foot(axes);
  const frame = s("rect.ne-frame", { x: 8, y: 8, width: size, height: size });
  const chart = s("svg", { viewBox: `0 0 ${size + 16} ${size + 16}`, role: "img" }, frame, line, dot);
  return {
    root: h("figure", h("figcaption", h("span", title), figure), chart, below),
    foot: below,
    curve(points: Pick<Points, "x" | "y"> | undefined, text: string): void {
      line.setAttribute("d", points ? pathThrough(points.x, points.y, at, up) : "");
      write(figure, text);
      label(chart, `${title}, ${text}`);
    },
    point(x: number, y: number): void {
      const there = Number.isFinite(x) && Number.isFinite(y);
      dot.setAttribute("visibility", there ? "visible" : "hidden");
      if (!there) return;
      dot.setAttribute("cx", String(at(x)));
      dot.setAttribute("cy", String(up(y)));
    },
  };
}
