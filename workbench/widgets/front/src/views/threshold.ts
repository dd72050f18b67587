/** The threshold and what it decides: histogram, counts, curves, and who changes sides. */

import { axis, steps } from "../chart.ts";
import { changedSides, confusion, curves, extent, histogram } from "../curves.ts";
import { aria, button, foot, h, heading, key, label, on, panel, percent, place, s, short, tile, write } from "../dom.ts";
import type { Context } from "../context.ts";
import { range } from "../order.ts";
import type { State } from "../state.ts";
import { percent100, plot } from "./plot.ts";

const BINS = 32;
const HEIGHT = 92;
const EDGE = 8; // half of a slider's thumb, so that thumb and line stand above one another
const MOST = 24;
const THUMB = 34;

/** `more` are figures that stand beside the curves. */
export function thresholdView({ explorer, store, atlas, redraw }: Context, ...more: HTMLElement[]): HTMLElement {
  const { root, head } = panel("judge", "Threshold");
  const number = h("input", { type: "number", step: "any", "aria-label": "Threshold" });
  const back = button("Reset", () => explorer.setThreshold(store.get().judged?.threshold ?? NaN));
  head.append(h("div.ne-buttons", number, back));
  const chart = s("svg", { role: "img", class: "ne-histogram", height: HEIGHT });
  const slider = h("input", { type: "range", step: "any", "aria-label": "Threshold", class: "ne-wide" });
  const legend = h("p.ne-legend",
    key("swatch fine", "normal"),
    key("swatch defective", "anomalous"),
    key("swatch other", "unlabelled"),
  );
  const cells = { found: h("td"), missed: h("td"), alarms: h("td"), passed: h("td") };
  const counts = h("table.ne-confusion",
    h("caption.ne-hidden", "Images by label and by side of the threshold"),
    h("thead", h("tr", h("td"), heading("below", "col"), heading("at or above", "col"))),
    h(
      "tbody",
      h("tr", heading("anomalous"), cells.missed, cells.found),
      h("tr", heading("normal"), cells.passed, cells.alarms),
    ),
  );
  const rates = foot();
  const roc = plot("ROC", "true against false positive rate");
  const pr = plot("Precision-recall", "precision against recall");
  const graphs = h("div.ne-curves", roc.root, pr.root, ...more);
  const sides = foot();
  const tiles = h("div.ne-tiles");
  const unlabelled = foot("No image has a label.");
  root.append(
    h(
      "div.ne-pair",
      h("div", chart, slider, legend, counts, rates, unlabelled),
      h("div", graphs, sides, tiles),
    ),
  );

  let span: [number, number] = [0, 1];
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
    const edges = range(BINS + 1).map((bin) => span[0] + ((span[1] - span[0]) * bin) / BINS);
    const top = Math.max(1, ...normal, ...anomalous, ...unknown);
    const base = HEIGHT - 20;
    const y = (count: number): number => base - (count / top) * (base - 8);
    chart.setAttribute("width", "100%");
    line = s("line.ne-threshold", { y1: 0, y2: base });
    chart.replaceChildren(axis(span[0], span[1], x, base), line);
    const kinds = [["fine", normal], ["defective", anomalous], ["other", unknown]] as const;
    kinds.forEach(([kind, bars], at) => {
      const some = bars.some((count) => count > 0);
      (legend.children[at] as HTMLElement).hidden = !some;
      if (some) line?.before(s(`path.ne-${kind}`, { d: steps(edges, bars, x, y) }));
    });
    const made = curves(scores, session.labels);
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
    aria(slider, "valuetext", short(threshold, 4));
    if (document.activeElement !== number) number.value = String(Number(threshold.toPrecision(4)));
    const { found, missed, alarms, passed } = confusion(judged.scores, session.labels, threshold);
    write(cells.found, found);
    write(cells.missed, missed);
    write(cells.alarms, alarms);
    write(cells.passed, passed);
    cells.missed.className = missed ? "ne-wrong" : "";
    cells.alarms.className = alarms ? "ne-wrong" : "";
    const recall = found / (found + missed);
    const fpr = alarms / (alarms + passed);
    const precision = found / (found + alarms);
    write(rates, `finds ${percent(recall)}, false alarms ${percent(fpr)}, precision ${percent(precision)}`);
    roc.point(fpr, recall);
    pr.point(recall, precision);
    label(
      chart,
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
    const said = moved.length
      ? `${moved.length} ${moved.length === 1 ? "image has" : "images have"} changed sides` +
        (moved.length > MOST ? `; the ${MOST} nearest:` : ":")
      : `No image has changed sides. ${origin}`;
    write(sides, said);
    tiles.replaceChildren(
      ...moved.slice(0, MOST).map((image) => {
        const up = judged.scores[image] >= threshold;
        const { name } = session.header.images[image];
        const says = `${name}: now ${up ? "at or above" : "below"} the threshold`;
        const made = tile(`ne-side ne-${up ? "up" : "down"}`, says, () => explorer.chooseImage(image));
        atlas.paint(made, image, THUMB);
        return made;
      }),
    );
  }

  const drag = (event: PointerEvent): void => {
    const { x: at, width } = place(event, chart);
    const unit = (at - EDGE) / (width - 2 * EDGE);
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
