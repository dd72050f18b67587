/** The threshold and what it decides: histogram, counts, curves, and who changes sides. */

import { axis, pathThrough, steps } from "../chart.ts";
import { changedSides, confusion, type Curves, curves, extent, histogram, type Points } from "../curves.ts";
import { button, h, label, on, panel, percent, s, short } from "../dom.ts";
import type { Context } from "../context.ts";
import type { State } from "../state.ts";

const BINS = 32;
const HEIGHT = 92;
const EDGE = 8; // half of a slider's thumb, so that thumb and line stand above one another
const MOST = 24;
const THUMB = 34;

export function thresholdView({ explorer, store, atlas, redraw }: Context): HTMLElement {
  const { root, head } = panel("judge", "Threshold");
  const number = h("input", { type: "number", step: "any", "aria-label": "Threshold" });
  const back = button("Reset", () => explorer.setThreshold(store.get().judged?.threshold ?? NaN));
  head.append(h("div.ne-buttons", number, back));
  const chart = s("svg", { role: "img", class: "ne-histogram", height: HEIGHT });
  const slider = h("input", { type: "range", step: "any", "aria-label": "Threshold", class: "ne-wide" });
  const key = h("p.ne-legend",
    h("span", h("i.ne-swatch.ne-fine"), "normal"),
    h("span", h("i.ne-swatch.ne-defective"), "anomalous"),
    h("span", h("i.ne-swatch.ne-other"), "unlabelled"),
  );
  const cells = { found: h("td"), missed: h("td"), alarms: h("td"), passed: h("td") };
  const column = (text: string): HTMLElement => h("th", { scope: "col" }, text);
  const row = (text: string): HTMLElement => h("th", { scope: "row" }, text);
  const counts = h("table.ne-confusion",
    h("caption.ne-hidden", "Images by label and by side of the threshold"),
    h("thead", h("tr", h("td"), column("below"), column("at or above"))),
    h(
      "tbody",
      {},
      h("tr", row("anomalous"), cells.missed, cells.found),
      h("tr", row("normal"), cells.passed, cells.alarms),
    ),
  );
  const rates = h("p.ne-foot");
  const roc = plot("ROC", "true against false positive rate");
  const pr = plot("Precision-recall", "precision against recall");
  const graphs = h("div.ne-curves", roc.root, pr.root);
  const sides = h("p.ne-foot");
  const tiles = h("div.ne-tiles");
  const unlabelled = h("p.ne-foot", "No image has a label.");
  root.append(
    h(
      "div.ne-pair",
      h("div", chart, slider, key, counts, rates, unlabelled),
      h("div", graphs, sides, tiles),
    ),
  );

  let span: [number, number] = [0, 1];
  let made: Curves | null = null;
  let line: SVGLineElement | undefined;
  const x = (score: number): number =>
    EDGE + ((score - span[0]) / (span[1] - span[0])) * Math.max(1, chart.clientWidth - 2 * EDGE);

  function shape(state: State): void {
    const { session, judged } = state;
    if (!session || !judged) return;
    const { scores } = judged;
    span = extent(scores, [judged.threshold]);
    const pad = (span[1] - span[0]) * 0.02;
    span = [span[0] - pad, span[1] + pad];
    slider.min = String(span[0]);
    slider.max = String(span[1]);
    const { normal, anomalous, unknown } = histogram(scores, session.labels, span[0], span[1], BINS);
    const edges = Array.from({ length: BINS + 1 }, (_, bin) => span[0] + ((span[1] - span[0]) * bin) / BINS);
    const top = Math.max(1, ...normal, ...anomalous, ...unknown);
    const base = HEIGHT - 20;
    const y = (count: number): number => base - (count / top) * (base - 8);
    chart.setAttribute("width", "100%");
    line = s("line.ne-threshold", { y1: 0, y2: base });
    chart.replaceChildren(axis(span[0], span[1], x, base), line);
    const kinds = [["fine", normal], ["defective", anomalous], ["other", unknown]] as const;
    kinds.forEach(([kind, bars], at) => {
      const some = bars.some((count) => count > 0);
      (key.children[at] as HTMLElement).hidden = !some;
      if (some) line?.before(s(`path.ne-${kind}`, { d: steps(edges, bars, x, y) }));
    });
    made = curves(scores, session.labels);
    graphs.hidden = counts.hidden = rates.hidden = !session.labels.some((label) => label !== null);
    unlabelled.hidden = !counts.hidden;
    roc.curve(made?.roc, made ? `AUROC ${percent100(made.auroc)}` : "needs both kinds");
    pr.curve(made?.precisionRecall, made ? `AP ${percent100(made.averagePrecision)}` : "needs both kinds");
  }

  function point({ session, judged, threshold }: State): void {
    if (!session || !judged) return;
    line?.setAttribute("x1", String(x(threshold)));
    line?.setAttribute("x2", String(x(threshold)));
    slider.value = String(threshold);
    slider.setAttribute("aria-valuetext", short(threshold, 4));
    if (document.activeElement !== number) number.value = String(Number(threshold.toPrecision(4)));
    const { found, missed, alarms, passed } = confusion(judged.scores, session.labels, threshold);
    cells.found.textContent = String(found);
    cells.missed.textContent = String(missed);
    cells.alarms.textContent = String(alarms);
    cells.passed.textContent = String(passed);
    cells.missed.className = missed ? "ne-wrong" : "";
    cells.alarms.className = alarms ? "ne-wrong" : "";
    const recall = found / (found + missed);
    const fpr = alarms / (alarms + passed);
    const precision = found / (found + alarms);
    rates.textContent = `finds ${percent(recall)}, false alarms ${percent(fpr)}, precision ${percent(precision)}`;
    roc.point(fpr, recall);
    pr.point(recall, precision);
    chart.setAttribute(
      "aria-label",
      `Histogram of image scores; the threshold ${short(threshold, 4)} finds ${found} of ${found + missed} anomalous images with ${alarms} false alarms.`,
    );
    back.disabled = threshold === judged.threshold;
    changed({ session, judged, threshold });
  }

  function changed({ session, judged, threshold }: Pick<State, "session" | "judged" | "threshold">): void {
    if (!session || !judged) return;
    const whole = session.whole();
    const moved = changedSides(judged.scores, whole.threshold, threshold, whole.scores);
    const origin =
      session.header.threshold === null
        ? "The run has no threshold; the line began at the top of the colour scale."
        : `The run’s threshold is ${short(whole.threshold, 4)}.`;
    sides.textContent = moved.length
      ? `${moved.length} ${moved.length === 1 ? "image has" : "images have"} changed sides` +
        (moved.length > MOST ? `; the ${MOST} nearest:` : ":")
      : `No image has changed sides. ${origin}`;
    tiles.replaceChildren(
      ...moved.slice(0, MOST).map((image) => {
        const up = judged.scores[image] >= threshold;
        const { name } = session.header.images[image];
        const says = `${name}: now ${up ? "at or above" : "below"} the threshold`;
        const tile = h("button", { type: "button", class: `ne-tile ne-side ${up ? "ne-up" : "ne-down"}`, title: says, "aria-label": says });
        atlas.paint(tile, image, THUMB);
        on(tile, "click", () => explorer.chooseImage(image));
        return tile;
      }),
    );
  }

  const drag = (event: PointerEvent): void => {
    const box = chart.getBoundingClientRect();
    const unit = (event.clientX - box.left - EDGE) / (box.width - 2 * EDGE);
    explorer.setThreshold(span[0] + Math.min(1, Math.max(0, unit)) * (span[1] - span[0]));
  };
  on(chart, "pointerdown", (event) => {
    chart.setPointerCapture(event.pointerId);
    drag(event);
  });
  on(chart, "pointermove", (event) => {
    if (chart.hasPointerCapture(event.pointerId)) drag(event);
  });
  on(slider, "input", () => explorer.setThreshold(Number(slider.value)));
  on(number, "change", () => {
    if (number.value !== "") explorer.setThreshold(Number(number.value));
  });
  const all = (): void => {
    shape(store.get());
    point(store.get());
  };
  store.watch(["session", "judged"], all);
  store.watch(["threshold"], point);
  atlas.watch(() => changed(store.get()));
  redraw(all);
  return root;
}

const percent100 = (value: number): string => (100 * value).toFixed(1);

/** A curve in the unit square, with the place of the threshold on it. */
function plot(title: string, axes: string) {
  const size = 118;
  const at = (value: number): number => 8 + value * size;
  const up = (value: number): number => 8 + (1 - value) * size;
  const line = s("path.ne-curve");
  const dot = s("circle.ne-operating", { r: 4 });
  const figure = h("b");
  const frame = s("rect.ne-frame", { x: 8, y: 8, width: size, height: size });
  const chart = s("svg", { viewBox: `0 0 ${size + 16} ${size + 16}`, role: "img" }, frame, line, dot);
  const root = h(
    "figure",
    {},
    h("figcaption", h("span", title), figure),
    chart,
    h("p.ne-foot", axes),
  );
  return {
    root,
    curve(points: Points | undefined, text: string): void {
      line.setAttribute("d", points ? pathThrough(points.x, points.y, at, up) : "");
      figure.textContent = text;
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
