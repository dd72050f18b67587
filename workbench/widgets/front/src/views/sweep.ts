/** How good the detector is along its settings: a chart per axis, whose points can be chosen. */

import { ticks } from "../chart.ts";
import { aria, button, foot, h, key, on, panel, s, short, write } from "../dom.ts";
import { extent } from "../curves.ts";
import type { Context } from "../context.ts";
import type { Parcel } from "../parcel.ts";

type Figure = readonly [value: number, low: number | null, high: number | null];
type Metric = "auroc" | "ap" | "aupro";

interface SweepPoint {
  readonly value: string;
  readonly known?: boolean;
  readonly auroc?: Figure;
  readonly ap?: Figure;
  readonly aupro?: Figure;
}

interface SweepAxis {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  readonly own: number | null;
  readonly points: readonly SweepPoint[];
}

interface Sweep {
  readonly done: number;
  readonly of: number;
  readonly no_pixels: string;
  readonly axes: readonly SweepAxis[];
}

const METRICS: readonly [Metric, string][] = [
  ["auroc", "image AUROC"],
  ["ap", "image AP"],
  ["aupro", "AUPRO"],
];
const WIDTH = 290;
const HEIGHT = 150;
const MARGIN = { left: 36, right: 8, top: 10, bottom: 20 };
const NOTHING_PICKED =
  "Labels judge the points and choose none: a setting that is taken because it does best here must be judged on other images.";

const x = (place: number, count: number): number =>
  MARGIN.left + ((place + 0.5) / count) * (WIDTH - MARGIN.left - MARGIN.right);

export function sweepView({ explorer, store }: Context): HTMLElement {
  const { root, head } = panel("sweep", "Settings");
  const select = h("select", { "aria-label": "Show" });
  for (const [value, text] of METRICS) select.append(h("option", { value }, text));
  const back = button("The run’s own", () => explorer.setMode("all"), "Go back to the run’s own setting");
  const rest = button("Pause", () => {
    if (working) void explorer.source.extra<Sweep>("pause", () => undefined).then(paused, failed);
    else ask();
  });
  head.append(h("div.ne-buttons", select, back, rest));
  const progress = foot({ role: "status" });
  const charts = h("div.ne-sweeps");
  root.append(
    charts,
    h("p.ne-legend", key("dot other-dot", "a setting, with its 95 % interval"), key("dot square", "the run"), key("dot set", "chosen")),
    progress,
    foot(NOTHING_PICKED),
  );
  let found: Sweep | undefined;
  let working = false;

  function ask(): void {
    working = true;
    explorer.source.extra<Sweep>("sweep", show).then(show, failed);
  }

  function show({ header }: Parcel<Sweep>): void {
    found = header;
    if (header.done === header.of) working = false;
    draw();
  }

  function paused(answer: Parcel<Sweep>): void {
    working = false;
    show(answer);
  }

  function failed(error: Error): void {
    working = false;
    draw();
    write(progress, error.message);
  }

  function draw(): void {
    if (!found) return;
    const { done, of, no_pixels: noPixels, axes } = found;
    const live = explorer.source.kind === "kernel";
    const metric = select.value as Metric;
    select.options[2].disabled = !!noPixels;
    select.options[2].title = noPixels;
    rest.hidden = !live || done === of;
    write(rest, working ? "Pause" : "Go on");
    write(
      progress,
      done === of
        ? `All is worked out.${noPixels ? ` No AUPRO: ${noPixels}` : ""}`
        : `${done} of ${of} figures are worked out${live ? (working ? " …" : "; paused.") : ". The rest is not in this file."}`,
    );
    const figures = axes.flatMap(({ points }) => points.flatMap((point) => point[metric] ?? []));
    const [low, high] = extent(figures.map((value) => value ?? NaN));
    const pad = Math.max((high - low) * 0.06, 0.005);
    const focus = charts.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["axis"] : undefined;
    charts.replaceChildren(...axes.map((_, number) => chart(number, metric, low - pad, high + pad)));
    if (focus) charts.querySelector<HTMLElement>(`[data-axis="${focus}"]`)?.focus();
  }

  function chart(number: number, metric: Metric, low: number, high: number): HTMLElement {
    const axis = (found as Sweep).axes[number];
    const { points, own, title, note } = axis;
    const { subset } = store.get();
    const there = subset.mode === "point" && subset.positions[0] === number;
    const at = there ? subset.positions[1] : own;
    const y = (value: number): number =>
      MARGIN.top + ((high - value) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    const drawing = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
    for (const value of ticks(low, high, 3)) {
      drawing.append(
        s("line.ne-zero", { x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(value), y2: y(value) }),
        s("text", { x: MARGIN.left - 5, y: y(value) + 4, "text-anchor": "end" }, short(100 * value, 3)),
      );
    }
    const every = Math.ceil(points.length / 9);
    let path = "";
    const marks: SVGElement[] = [];
    points.forEach((point, place) => {
      const px = x(place, points.length);
      if (place % every === 0 || place === points.length - 1 && place % every > every / 2) {
        const text = point.value.replace(/^blocks\.(\d+)\..*/, "$1");
        drawing.append(s("text", { x: px, y: HEIGHT - 5, "text-anchor": "middle" }, text));
      }
      const figure = point[metric];
      if (!figure) return;
      const joined = place > 0 && points[place - 1][metric];
      const [value, from, to] = figure;
      if (from !== null && to !== null) marks.push(s("line.ne-whisker.ne-faint", { x1: px, x2: px, y1: y(from), y2: y(to) }));
      path += `${joined ? "L" : "M"}${px.toFixed(1)} ${y(value).toFixed(1)}`;
      if (place === own) marks.push(s("rect.ne-own", { x: px - 6, y: y(value) - 6, width: 12, height: 12 }));
      const dot = s("circle", { class: there && place === at ? "ne-point ne-chosen-point" : "ne-point", cx: px, cy: y(value), r: there && place === at ? 5 : 3.5 });
      dot.append(s("title", `${point.value}: ${spoken(figure)}`));
      marks.push(dot);
    });
    drawing.append(s("path.ne-curve", { d: path }), ...marks);
    drawing.addEventListener("click", (event) => {
      const box = drawing.getBoundingClientRect();
      const unit = (((event.clientX - box.left) / box.width) * WIDTH - MARGIN.left) / (WIDTH - MARGIN.left - MARGIN.right);
      choose(Math.floor(unit * points.length));
    });
    const slider = h("input", {
      type: "range", min: 0, max: points.length - 1, step: 1, "data-axis": number,
      "aria-label": title,
    });
    slider.value = String(at ?? 0);
    slider.hidden = points.length < 2;
    // The thumb stands below its point: half a thumb, 8 pixels, beyond the first and the last.
    const [first, last] = [x(0, points.length), x(points.length - 1, points.length)].map((px) => (100 * px) / WIDTH);
    slider.style.marginLeft = `calc(${first}% - 8px)`;
    slider.style.width = `calc(${last - first}% + 16px)`;
    const now = points[at ?? 0];
    aria(slider, "valuetext", `${now.value}${now[metric] ? `, ${spoken(now[metric] as Figure)}` : ""}`);
    function choose(place: number): void {
      if (!points[place]?.known) {
        slider.value = String(at ?? 0);
        explorer.say(`${title} ${points[place]?.value ?? ""} is not worked out yet.`);
      } else if (place === own) explorer.setMode("all");
      else explorer.choosePoint(number, place);
    }
    on(slider, "input", () => choose(Number(slider.value)));
    const figure = now[metric];
    return h("figure",
      h("figcaption", h("span", title), h("b", figure ? `${now.value.replace(/^blocks\.(\d+)\..*/, "$1")}: ${spoken(figure)}` : "–")),
      drawing,
      slider,
      note && foot(note),
    );
  }

  on(select, "change", draw);
  store.watch(["session"], ({ session }) => session && ask());
  store.watch(["subset"], ({ subset }) => {
    back.disabled = subset.mode === "all";
    draw();
  });
  back.disabled = true;
  return root;
}

const spoken = ([value, low, high]: Figure): string =>
  (100 * value).toFixed(1) + (low === null || high === null ? "" : ` [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`);
