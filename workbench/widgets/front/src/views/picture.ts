/** The chosen image with its map, threshold and truth; the patch is picked here. */

import { argmax } from "../detection.ts";
import { heatGradient, heatPixels } from "../colours.ts";
import { extent } from "../curves.ts";
import { aria, h, halo, key, label, on, panel, percent, perFrame, place, short, sized, write } from "../dom.ts";
import { outline } from "../geometry.ts";
import type { Context } from "../context.ts";
import type { Range } from "../source.ts";
import type { Branch, State } from "../state.ts";

const SHADE = "#000b";
const TALLEST = 520;
const BRANCHES: readonly [Branch, string][] = [
  ["fused", "Fused score"],
  ["visual", "Visual score"],
  ["text", "Text score"],
  ["neuron", "Shown neuron"],
];

interface Layer {
  readonly values: ArrayLike<number>;
  readonly range: Range;
}

/** The map of a branch, where the picture has it. */
export function layer(state: State): Layer | undefined {
  const { session, picture, branch, judged, neuron } = state;
  if (!session || !picture || !judged) return undefined;
  const { arrays } = picture.answer;
  if (branch === "neuron") {
    const place = session.place(neuron);
    const values = session.activations(arrays["features"], place);
    return values && { values, range: session.range(place) ?? extent(values) };
  }
  const values = arrays[branch];
  return values && { values, range: judged.range[branch] ?? extent(values) };
}

export function pictureView({ explorer, store, redraw }: Context): HTMLElement {
  const { root, head } = panel("picture", "Picture");
  const name = h("span.ne-picture-name");
  head.append(name);
  const canvas = h("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "picture with patches",
    "aria-label": "Picture",
  });
  const empty = h("p.ne-empty");
  const stage = h("div.ne-stage", canvas, empty);
  const low = h("span");
  const high = h("span");
  const tick = h("i.ne-tick", { title: "threshold" });
  const scale = h("div.ne-scale", low, h("div.ne-ramp", { style: `background:${heatGradient}` }, tick), high);
  const branch = h("select");
  const { neurons } = explorer.wants;
  for (const [value, text] of neurons ? BRANCHES : BRANCHES.slice(0, 3)) branch.append(h("option", { value }, text));
  const opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05 });
  const contour = h("input", { type: "checkbox" });
  const truth = h("input", { type: "checkbox" });
  const contourLabel = h("label", contour, h("i.ne-line.ne-dashed"), "threshold");
  const truthLabel = h("label", truth, h("i.ne-line"), "ground truth");
  root.append(
    stage,
    scale,
    h("div.ne-controls",
      h("label", "Map ", branch),
      h("label", "Opacity ", opacity),
      contourLabel,
      truthLabel,
    ),
    h(
      "p.ne-legend",
      key("dot square", "the patch"),
      neurons && key("dot shown", "where the shown neuron is largest"),
    ),
  );
  const live = h("p.ne-hidden", { "aria-live": "polite" });
  root.append(live);
  const small = document.createElement("canvas");
  let box = { width: 0, height: 0 };

  const draw = perFrame(() => {
    const state = store.get();
    const { session, picture } = state;
    if (!session || !picture) return;
    const { header, arrays } = picture.answer;
    const entry = session.header.images[header.index];
    const ratio = (entry?.width || header.width || 1) / (entry?.height || header.height || 1);
    const room = stage.clientWidth;
    if (!room) return;
    const tall = Math.min(TALLEST, room / ratio);
    box = { width: Math.round(tall * ratio), height: Math.round(tall) };
    canvas.style.width = `${box.width}px`;
    canvas.style.height = `${box.height}px`;
    const context = sized(canvas, box.width, box.height);
    context.clearRect(0, 0, box.width, box.height);
    context.imageSmoothingQuality = "high";
    if (picture.bitmap) context.drawImage(picture.bitmap, 0, 0, box.width, box.height);
    const [rows, columns] = session.header.grid;
    const shown = layer(state);
    if (shown && state.opacity > 0) {
      small.width = columns;
      small.height = rows;
      const pixels = new ImageData(columns, rows);
      pixels.data.set(heatPixels(shown.values, shown.range));
      small.getContext("2d")?.putImageData(pixels, 0, 0);
      context.globalAlpha = state.opacity;
      context.drawImage(small, 0, 0, box.width, box.height);
      context.globalAlpha = 1;
    }
    const lines = (cells: ArrayLike<number>, r: number, c: number, ink: string, dash: number[]): void => {
      const [sx, sy] = [box.width / c, box.height / r];
      context.beginPath();
      const ends = outline(cells, r, c);
      for (let i = 0; i < ends.length; i += 4) {
        context.moveTo(ends[i] * sx, ends[i + 1] * sy);
        context.lineTo(ends[i + 2] * sx, ends[i + 3] * sy);
      }
      context.lineCap = "square";
      halo(context, [[3.5, SHADE]]);
      context.setLineDash(dash);
      halo(context, [[1.6, ink]]);
      context.setLineDash([]);
    };
    const mask = arrays["mask"];
    if (state.truth && mask && header.maskShape) {
      lines(mask, header.maskShape[0], header.maskShape[1], "#00f5ff", []);
    }
    const fused = arrays["fused"];
    if (state.contour && fused && state.branch === "fused") {
      const above = Uint8Array.from(fused, (score) => Number(score >= state.threshold));
      lines(above, rows, columns, "#fff", [4, 3]);
    }
    const [w, t] = [box.width / columns, box.height / rows];
    const frame = (patch: number, ink: string, line: number): void => {
      const [row, column] = session.patchAt(patch);
      context.beginPath();
      context.rect(column * w, row * t, w, t);
      halo(context, [[line + 2, SHADE], [line, ink]]);
    };
    const fires = firing(state);
    if (fires >= 0) {
      const [row, column] = session.patchAt(fires);
      context.beginPath();
      context.arc((column + 0.5) * w, (row + 0.5) * t, Math.max(w, t) * 0.8, 0, 7);
      halo(context, [[4, SHADE], [2, "#fff"]]);
    }
    if (state.patch !== null) frame(state.patch, "#fff", 2);
    if (state.hover !== null && state.hover !== state.patch) frame(state.hover, "#fff", 1);
  });

  /** Where the shown neuron is largest in the picture, or -1. */
  function firing({ session, neuron, picture }: State): number {
    const { features } = picture?.answer.arrays ?? {};
    const values = session?.activations(features, session.place(neuron));
    return values ? argmax(values) : -1;
  }

  function words(state: State): void {
    const { session, picture, pictureProblem, image, gone } = state;
    const entry = session && image !== null ? session.header.images[image] : undefined;
    write(name, entry ? entry.name : "");
    name.title = name.textContent;
    const fits = picture && picture.answer.header.index === image;
    canvas.hidden = !fits;
    empty.hidden = !!fits;
    empty.textContent = pictureProblem
      ? pictureProblem
      : session && !session.count
        ? "There is no image to show."
        : gone || "Loading …";
    const shown = layer(state);
    write(low, shown ? short(shown.range[0]) : "");
    write(high, shown ? short(shown.range[1]) : "");
    const at = shown ? (state.threshold - shown.range[0]) / (shown.range[1] - shown.range[0]) : -1;
    tick.hidden = state.branch !== "fused" || !(at >= 0 && at <= 1);
    tick.style.left = `${100 * at}%`;
    const arrays = picture?.answer.arrays;
    for (const option of branch.options) {
      option.disabled =
        (option.value === "text" && !arrays?.["text"]) ||
        (option.value === "neuron" && (!arrays?.["features"] || (session?.place(state.neuron) ?? -1) < 0));
    }
    branch.value = state.branch;
    opacity.value = String(state.opacity);
    aria(opacity, "valuetext", percent(state.opacity));
    contour.checked = state.contour;
    contour.disabled = state.branch !== "fused";
    contourLabel.title = contour.disabled ? "It is one of the fused score." : "";
    truth.checked = state.truth;
    truth.disabled = !arrays?.["mask"];
    truthLabel.title = truth.disabled ? "Not known for this picture." : "";
    if (entry) label(canvas, `${entry.name}: ${patchWords(state)}. Arrow keys move the patch.`);
  }

  function patchWords({ session, patch, picture }: State): string {
    if (!session || patch === null) return "no patch chosen";
    const [row, column] = session.patchAt(patch);
    const score = picture?.answer.arrays["fused"]?.[patch];
    return `patch at row ${row}, column ${column}, score ${short(score ?? NaN)}`;
  }

  function patchUnder(event: PointerEvent): number {
    const { session } = store.get();
    if (!session) return -1;
    const [rows, columns] = session.header.grid;
    const { x, y, width, height } = place(event, canvas);
    return session.patchNumber(Math.floor((y / height) * rows), Math.floor((x / width) * columns));
  }

  on(canvas, "pointermove", (event) => {
    const patch = patchUnder(event);
    explorer.hover(patch < 0 ? null : patch);
  });
  on(canvas, "pointerleave", () => explorer.hover(null));
  on(canvas, "click", (event) => {
    const patch = patchUnder(event as PointerEvent);
    if (patch >= 0) explorer.choosePatch(patch);
  });
  on(canvas, "keydown", (event) => {
    const { session, patch } = store.get();
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!session || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [row, column] = session.patchAt(patch ?? 0);
    const next = session.patchNumber(row + step[0], column + step[1]);
    if (next < 0) return;
    explorer.choosePatch(next);
    write(live, patchWords(store.get()));
  });
  on(branch, "change", () => store.set({ branch: branch.value as Branch }));
  on(opacity, "input", () => store.set({ opacity: Number(opacity.value) }));
  on(contour, "change", () => store.set({ contour: contour.checked }));
  on(truth, "change", () => store.set({ truth: truth.checked }));

  store.watch(
    ["session", "image", "picture", "pictureProblem", "branch", "opacity", "contour", "truth", "threshold", "judged", "patch", "neuron", "gone"],
    (state) => {
      words(state);
      draw();
    },
  );
  store.watch(["hover"], draw);
  redraw(draw);
  return root;
}
