/** Two runs on the same images: a scatter of their scores, what only one of them flags, and figures. */

import { axis, ticks } from "../chart.ts";
import { extent } from "../curves.ts";
import { foot, h, heading, key, label, on, panel, place, s, short, tile, write } from "../dom.ts";
import type { Context } from "../context.ts";
import { percent100 } from "./plot.ts";

type Figure = readonly [value: number, low: number | null, high: number | null];

interface Overlap {
  readonly missing?: string;
  readonly site?: string;
  readonly only_a?: readonly number[];
  readonly both?: readonly number[];
  readonly only_b?: readonly number[];
  readonly expected?: number;
  readonly width?: number;
}

export interface Compared {
  readonly names: readonly [string, string];
  readonly runs: readonly [string, string];
  readonly missing?: string;
  readonly images?: number;
  readonly auroc?: readonly [Figure, Figure];
  readonly difference?: Figure;
  readonly neurons: Overlap;
}

const SIDE = 320;
const LEFT = 52;
const BOTTOM = 38;
const EDGE = 10;
const MOST = 24;
const NAMED = 40;

/** Images by which of two runs flags them: both, the first alone, the second alone, none. */
export function sides(
  scores: readonly [ArrayLike<number>, ArrayLike<number>],
  thresholds: readonly [number, number],
): { onlyA: number[]; onlyB: number[] } {
  const found = { onlyA: [] as number[], onlyB: [] as number[] };
  for (let image = 0; image < scores[0].length; image++) {
    const [a, b] = [scores[0][image] >= thresholds[0], scores[1][image] >= thresholds[1]];
    if (a && !b) found.onlyA.push(image);
    if (b && !a) found.onlyB.push(image);
  }
  return found;
}

/** The scatter with the disagreements, and the panel of figures; `named` is told the runs' names. */
export function compareViews(
  first: Context,
  second: Context,
  named: (names: readonly [string, string]) => void,
): { scatter: HTMLElement; facts: HTMLElement } {
  const { explorer, store, atlas } = first;
  const { root: scatter } = panel("scatter", "Image scores");
  const { root: facts } = panel("facts", "Comparison");
  const chart = s("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", class: "ne-plane" });
  const apart = h("div.ne-apart");
  const below = foot();
  scatter.append(
    chart,
    h("p.ne-legend", key("dot fine-dot", "normal"), key("dot defect-dot", "anomalous"), key("dot point-dot", "unlabelled"), key("dot shown", "the chosen image")),
    below,
    apart,
  );
  const what = h("div");
  const table = h("table");
  const why = foot();
  const bar = h("div.ne-overlap", { role: "img" });
  const words = foot();
  const lists = h("div");
  facts.append(what, h("h4", "Image AUROC"), table, why, h("h4", "Neurons"), bar, words, lists);
  let names: readonly [string, string] = ["A", "B"];
  let spans: [[number, number], [number, number]] = [[0, 1], [0, 1]];
  const x = (value: number): number =>
    LEFT + ((value - spans[0][0]) / (spans[0][1] - spans[0][0])) * (SIDE - LEFT - EDGE);
  const y = (value: number): number =>
    SIDE - BOTTOM - ((value - spans[1][0]) / (spans[1][1] - spans[1][0])) * (SIDE - BOTTOM - EDGE);

  function both(): [Float32Array, Float32Array, number, number] | undefined {
    const [a, b] = [store.get(), second.store.get()];
    return a.judged && b.judged ? [a.judged.scores, b.judged.scores, a.threshold, b.threshold] : undefined;
  }

  function draw(): void {
    const found = both();
    const { session } = store.get();
    if (!found || !session) return;
    const [a, b, ta, tb] = found;
    const padded = (values: ArrayLike<number>, at: number): [number, number] => {
      const [low, high] = extent(values, [at]);
      return [low - (high - low) * 0.04, high + (high - low) * 0.04];
    };
    spans = [padded(a, ta), padded(b, tb)];
    const base = SIDE - BOTTOM;
    const upward = ticks(spans[1][0], spans[1][1]).flatMap((value) => [
      s("line.ne-zero", { x1: LEFT - 4, x2: LEFT, y1: y(value), y2: y(value) }),
      s("text", { x: LEFT - 7, y: y(value) + 4, "text-anchor": "end" }, short(value, 3)),
    ]);
    const dots = (["fine", "defective", "other"] as const).map((kind, at) => {
      let d = "";
      session.labels.forEach((of, image) => {
        if ((of ?? 2) === at) d += `M${x(a[image]).toFixed(1)} ${y(b[image]).toFixed(1)}h0`;
      });
      return s("path", { class: `ne-dots ne-${kind}`, d });
    });
    const name = (at: number): string => clipped(names[at]);
    chart.replaceChildren(
      s("rect.ne-frame", { x: LEFT, y: EDGE, width: SIDE - LEFT - EDGE, height: base - EDGE }),
      axis(spans[0][0], spans[0][1], x, base),
      ...upward,
      s("text", { x: (LEFT + SIDE) / 2, y: SIDE - 4, "text-anchor": "middle" }, name(0)),
      s("text", { transform: `translate(11 ${base / 2}) rotate(-90)`, "text-anchor": "middle" }, name(1)),
      s("line.ne-limit", { x1: x(ta), x2: x(ta), y1: EDGE, y2: base }),
      s("line.ne-limit", { x1: LEFT, x2: SIDE - EDGE, y1: y(tb), y2: y(tb) }),
      ...dots,
      ring,
    );
    point();
    differences();
  }

  const ring = s("circle.ne-ring", { r: 7 });

  function point(): void {
    const found = both();
    const { image, session } = store.get();
    if (!found || image === null || !session) return;
    ring.setAttribute("cx", String(x(found[0][image])));
    ring.setAttribute("cy", String(y(found[1][image])));
    label(chart, `Image scores of ${names[1]} against ${names[0]}; chosen is ${session.header.images[image].name}, ${short(found[0][image])} and ${short(found[1][image])}.`);
  }

  function differences(): void {
    const found = both();
    const { session } = store.get();
    if (!found || !session) return;
    const [a, b, ta, tb] = found;
    const { onlyA, onlyB } = sides([a, b], [ta, tb]);
    const groups = [onlyA, onlyB].flatMap((images, at) =>
      ([[1, "caught by only"], [0, "false alarms of only"], [null, "flagged by only"]] as const).map(
        ([of, text]) => [`${text} ${names[at]}`, images.filter((image) => session.labels[image] === of)] as const,
      ),
    );
    const shown = groups.filter(([, images]) => images.length);
    apart.replaceChildren(
      ...shown.map(([text, images]) =>
        h("section", { "aria-label": text },
          h("h4", `${images.length} ${text}${images.length > MOST ? `; the first ${MOST}` : ""}`),
          h("div.ne-tiles",
            ...images.slice(0, MOST).map((image) => {
              const made = tile("ne-side", `${session.header.images[image].name}: ${text}`, () => explorer.chooseImage(image));
              atlas.paint(made, image, 34);
              return made;
            }),
          ),
        ),
      ),
    );
    if (!shown.length) apart.append(foot("Both runs flag the same images."));
  }

  function tell(header: Compared): void {
    names = header.names;
    named(names);
    write(below, `Dashed lines are the runs’ thresholds, which see no label. The list has the scores of ${names[0]}.`);
    const { auroc, difference, missing, neurons, runs } = header;
    what.replaceChildren(...runs.map((run, at) => foot(h("b", names[at]), ` ${run}`)));
    table.hidden = !auroc;
    table.replaceChildren();
    if (auroc && difference) {
      const row = (text: string, [value, low, high]: Figure): HTMLElement =>
        h("tr", h("th.ne-word", { scope: "row" }, text), h("td", h("b", percent100(value))),
          h("td.ne-foot", low === null || high === null ? "" : `[${percent100(low)}, ${percent100(high)}]`));
      table.append(
        h("thead", h("tr", h("td"), heading("value", "col"), heading("95 % interval", "col"))),
        h("tbody", row(names[0], auroc[0]), row(names[1], auroc[1]), row("difference", difference)),
      );
    }
    const [, low, high] = difference ?? [0, null, null];
    write(
      why,
      missing ??
        (low === null || high === null
          ? "Too few images for an interval."
          : low > 0 || high < 0
            ? `The interval of the difference leaves out 0: ${low > 0 ? names[0] : names[1]} is better on images like these ${header.images}.`
            : `The interval of the difference holds 0: these ${header.images} images do not tell the two apart.`),
    );
    overlap(neurons);
    draw();
  }

  function overlap({ missing, only_a: a = [], both: shared = [], only_b: b = [], expected = 0, width, site }: Overlap): void {
    bar.hidden = !!missing;
    if (missing) {
      write(words, missing);
      return;
    }
    const parts = [[`only ${names[0]}`, a, "a"], ["both", shared, "both"], [`only ${names[1]}`, b, "b"]] as const;
    bar.replaceChildren(
      ...parts.filter(([, list]) => list.length).map(([, list, kind]) =>
        h("span", { class: `ne-part-${kind}`, style: `flex-grow:${list.length}` }, String(list.length)),
      ),
    );
    label(bar, parts.map(([text, list]) => `${list.length} ${text}`).join(", "));
    write(words, `${site}: ${parts.map(([text, list]) => `${list.length} ${text}`).join(", ")}; two random sets of these sizes among ${width} would share ${short(expected, 3)}.`);
    lists.replaceChildren(
      ...parts.filter(([, list]) => list.length).map(([text, list]) =>
        h("details", h("summary", text), foot(list.slice(0, NAMED).join(", ") + (list.length > NAMED ? ` and ${list.length - NAMED} more` : ""))),
      ),
    );
  }

  on(chart as unknown as HTMLElement, "click", (event) => {
    const found = both();
    if (!found) return;
    const at = place(event, chart);
    const [px, py] = [(at.x / at.width) * SIDE, (at.y / at.height) * SIDE];
    let [best, nearest] = [12, -1];
    found[0].forEach((value, image) => {
      const distance = Math.hypot(x(value) - px, y(found[1][image]) - py);
      if (distance < best) [best, nearest] = [distance, image];
    });
    if (nearest >= 0) explorer.chooseImage(nearest);
  });
  store.watch(["session"], () => {
    explorer.source.extra<Compared>("compare", () => undefined).then(
      ({ header }) => tell(header),
      (error: Error) => write(why, error.message),
    );
  });
  store.watch(["session", "judged", "threshold"], draw);
  second.store.watch(["session", "judged", "threshold"], draw);
  store.watch(["image"], point);
  atlas.watch(differences);
  // The second picture follows: the same image, the same branch, the same opacity.
  const follow = (): void => {
    const { image, branch, opacity, contour, truth } = store.get();
    const other = second.store.get();
    second.store.set({ branch, opacity, contour, truth });
    if (image !== null && other.session && other.image !== image) second.explorer.chooseImage(image);
  };
  store.watch(["image", "branch", "opacity", "contour", "truth"], follow);
  second.store.watch(["session"], follow);
  return { scatter, facts };
}

const clipped = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
