/** All neurons: layers as columns, the logarithm of sensitivity upwards. */

import { palette } from "../colours.ts";
import { aria, button, foot, h, halo, key, label, on, panel, perFrame, place, short, sized, uniqueId, write } from "../dom.ts";
import { NeuronField } from "../neuron_field.ts";
import type { Point } from "../geometry.ts";
import type { Context } from "../context.ts";

const MARGIN = { left: 46, right: 10, top: 10, bottom: 38 };
const HEIGHT = 250;
const REACH = 12; // pixels within which a neuron is picked
const HINT =
  "Drag to move, shift-drag to lasso; once the map has focus the wheel zooms. Keys: arrows walk, " +
  "shift-arrows gather, space adds, N and P visit the run’s neurons, Escape clears.";

const paint = (root: HTMLElement) =>
  palette(root, "ink", "sheet", "normal", "chosen", "muted", "line", "point");

export function neuronMap({ explorer, store, redraw }: Context): HTMLElement {
  const { root, head } = panel("map", "Neurons");
  const hint = uniqueId();
  const press = (on: boolean): void => {
    lassoing = on;
    aria(lassoButton, "pressed", on);
    canvas.classList.toggle("ne-lassoing", on);
  };
  const lassoButton = button("Lasso", () => press(!lassoing), "Draw around neurons");
  const runs = button(
    "Choose the run’s",
    () => explorer.chooseSet(store.get().session?.selected ?? []),
    "Choose all that the run selected",
  );
  head.append(
    h(
      "div.ne-buttons",
      lassoButton,
      button("+", () => zoomBy(1.5), "Zoom in"),
      button("−", () => zoomBy(1 / 1.5), "Zoom out"),
      button("Fit", () => zoomBy(0), "Show all neurons"),
      runs,
    ),
  );
  const canvas = h("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "map of neurons",
    "aria-label": "Map of neurons",
    "aria-describedby": hint,
    style: `height:${HEIGHT}px`,
  });
  const legend = h("p.ne-legend",
    key("dot run", "selected by the run"),
    key("dot set", "chosen"),
    key("dot shown", "shown"),
  );
  const readout = foot();
  const live = h("p.ne-hidden", { "aria-live": "polite" });
  root.append(canvas, legend, readout, foot({ id: hint }, HINT), live);

  const base = document.createElement("canvas"); // the points, which only zooming changes
  let field: NeuronField | undefined;
  let zoom = 1;
  let offset = { x: 0, y: 0 }; // the unit square's corner, in unit squares of the view
  let stale = true;
  let colours: ReturnType<typeof paint>;
  let pointed = -1;
  let lassoing = false;
  let lasso: Point[] = [];
  let drag: { x: number; y: number; moved: boolean; lasso: boolean } | undefined;

  let width = 1; // of the plot, as it was drawn last
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const toScreen = (x: number, y: number): Point => ({
    x: MARGIN.left + (x * zoom + offset.x) * width,
    y: MARGIN.top + (y * zoom + offset.y) * height,
  });
  const toUnit = (point: Point): Point => ({
    x: ((point.x - MARGIN.left) / width - offset.x) / zoom,
    y: ((point.y - MARGIN.top) / height - offset.y) / zoom,
  });
  const pick = (point: Point): number => {
    const { x, y } = toUnit(point);
    return field?.grid.nearest(x, y, REACH / width / zoom, REACH / height / zoom) ?? -1;
  };

  function zoomBy(factor: number, about?: Point): void {
    const before = zoom;
    zoom = Math.min(60, Math.max(1, zoom * factor));
    const at = about ?? { x: MARGIN.left + width / 2, y: MARGIN.top + height / 2 };
    const [x, y] = [(at.x - MARGIN.left) / width, (at.y - MARGIN.top) / height];
    offset = { x: x - ((x - offset.x) * zoom) / before, y: y - ((y - offset.y) * zoom) / before };
    settle();
  }

  function settle(): void {
    const bound = (value: number): number => Math.min(0, Math.max(1 - zoom, value));
    offset = { x: bound(offset.x), y: bound(offset.y) };
    stale = true;
    draw();
  }

  const draw = perFrame(() => {
    const { session, chosen, neuron } = store.get();
    const w = canvas.clientWidth;
    if (!session || !field || !w) return;
    width = Math.max(1, w - MARGIN.left - MARGIN.right);
    const context = sized(canvas, w, HEIGHT);
    if (stale) drawPoints(w);
    const { ink, sheet, normal, chosen: warm } = colours;
    context.clearRect(0, 0, w, HEIGHT);
    context.drawImage(base, 0, 0, w, HEIGHT);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, 0, width + MARGIN.right, HEIGHT - MARGIN.bottom + 6);
    context.clip();
    const dots = (neurons: readonly number[], size: number, fill: string, stroke: string): void => {
      context.fillStyle = fill;
      context.strokeStyle = stroke;
      context.lineWidth = 1;
      for (const one of neurons) {
        const { x, y } = toScreen(field!.grid.x[one], field!.grid.y[one]);
        context.beginPath();
        context.arc(x, y, size, 0, 7);
        context.fill();
        context.stroke();
      }
    };
    dots(session.selected, 3.2, normal, sheet);
    dots(chosen, 3.6, warm, chosen.length > 400 ? "transparent" : ink);
    for (const [one, size] of [[pointed, 5], [neuron ?? -1, 7]] as const) {
      if (one < 0) continue;
      const { x, y } = toScreen(field.grid.x[one], field.grid.y[one]);
      context.beginPath();
      context.arc(x, y, size, 0, 7);
      halo(context, [[4, sheet], [2, ink]]);
    }
    context.restore();
    if (lasso.length > 1) {
      context.beginPath();
      lasso.forEach((at) => context.lineTo(at.x, at.y));
      context.closePath();
      context.globalAlpha = 0.15;
      context.fillStyle = warm;
      context.fill();
      context.globalAlpha = 1;
      halo(context, [[1.5, ink]]);
    }
    read(pointed >= 0 ? pointed : (neuron ?? -1));
  });

  function drawPoints(w: number): void {
    const { session } = store.get();
    if (!session || !field) return;
    stale = false;
    const context = sized(base, w, HEIGHT);
    context.clearRect(0, 0, w, HEIGHT);
    colours = paint(root);
    const { muted } = colours;
    context.font = `11px ${getComputedStyle(root).fontFamily}`;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const bottom = HEIGHT - MARGIN.bottom;
    for (const { value, y } of field.ticks()) {
      const at = toScreen(0, y).y;
      if (at < MARGIN.top - 1 || at > bottom + 1) continue;
      context.fillStyle = muted;
      context.fillText(value, MARGIN.left - 8, at);
      context.fillStyle = colours.line;
      context.fillRect(MARGIN.left, at, width, 1);
    }
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, 0, width + MARGIN.right, bottom + 6);
    context.clip();
    context.fillStyle = colours.point;
    context.globalAlpha = field.grid.x.length > 5000 ? 0.35 : 0.55;
    const size = field.grid.x.length > 5000 && zoom < 3 ? 1.5 : 2.4;
    const { x, y } = field.grid;
    const [sx, ox] = [zoom * width, MARGIN.left + offset.x * width - size / 2];
    const [sy, oy] = [zoom * height, MARGIN.top + offset.y * height - size / 2];
    for (let i = 0; i < x.length; i++) context.fillRect(x[i] * sx + ox, y[i] * sy + oy, size, size);
    context.restore();
    context.fillStyle = muted;
    context.textAlign = "center";
    let free = MARGIN.left - 10;
    session.header.sites.forEach((site, column) => {
      const at = toScreen((column + 0.5) / session.header.sites.length, 0).x;
      const text = String(site.layer);
      const half = context.measureText(text).width / 2;
      if (at - half < free || at < MARGIN.left || at > w - MARGIN.right) return;
      context.fillText(text, at, bottom + 14);
      free = at + half + 8;
    });
    context.fillText(field.caption, MARGIN.left + width / 2, bottom + 29, width);
    context.textAlign = "left";
  }

  function describe(neuron: number): string {
    const { session } = store.get();
    if (!session || neuron < 0 || !field) return "";
    const term = session.term(neuron);
    const { column } = session.where(neuron);
    const [from, to] = session.site(column);
    return (
      `${session.name(neuron)}${term ? ` “${term}”` : ""} · sensitivity ${short(session.sensitivity[neuron])}` +
      `, ${field.rank(neuron)} of ${to - from}${session.place(neuron) >= 0 ? ", selected by the run" : ""}`
    );
  }

  function read(neuron: number): void {
    const { session } = store.get();
    readout.textContent = !session?.sensitivity.length
      ? "No neurons to show."
      : neuron < 0
        ? ""
        : describe(neuron);
  }

  on(canvas, "pointerdown", (event) => {
    if (event.button) return;
    const at = place(event, canvas);
    canvas.setPointerCapture(event.pointerId);
    drag = { x: at.x, y: at.y, moved: false, lasso: lassoing || event.shiftKey };
    if (drag.lasso) lasso = [at];
  });
  on(canvas, "pointermove", (event) => {
    const at = place(event, canvas);
    if (!drag) {
      const found = pick(at);
      if (found !== pointed) {
        pointed = found;
        canvas.style.cursor = found >= 0 ? "pointer" : "";
        draw();
      }
      return;
    }
    if (Math.hypot(at.x - drag.x, at.y - drag.y) > 3) drag.moved = true;
    if (drag.lasso) {
      lasso.push(at);
      draw();
    } else if (drag.moved) {
      offset = {
        x: offset.x + event.movementX / width,
        y: offset.y + event.movementY / height,
      };
      settle();
    }
  });
  on(canvas, "pointerup", (event) => {
    if (!drag) return;
    const at = place(event, canvas);
    const { moved, lasso: drawn } = drag;
    drag = undefined;
    if (drawn && moved) explorer.chooseSet(field?.grid.within(lasso.map(toUnit)) ?? []);
    else if (!moved) {
      const found = pick(at);
      if (found >= 0) {
        if (event.shiftKey) explorer.toggle(found);
        explorer.chooseNeuron(found);
      }
    }
    lasso = [];
    draw();
  });
  for (const lost of ["pointerleave", "pointercancel"] as const) {
    on(canvas, lost, () => {
      if (drag && lost === "pointerleave") return;
      drag = undefined;
      lasso = [];
      pointed = -1;
      draw();
    });
  }
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey) return; // the page scrolls
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 300), place(event, canvas));
    },
    { passive: false },
  );
  on(canvas, "keydown", (event) => {
    const { session, neuron, chosen } = store.get();
    if (!session || !field || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = neuron ?? session.selected[0] ?? 0;
    const next = field.step(at, event.key);
    if (next !== undefined) {
      explorer.chooseNeuron(next);
      if (event.shiftKey) explorer.chooseSet([...chosen, at, next]);
      write(live, describe(next));
    } else if (event.key === " " || event.key === "Enter") explorer.toggle(at);
    else if (event.key === "Escape") explorer.chooseSet([]);
    else if (event.key === "+" || event.key === "=") zoomBy(1.5);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else if (event.key === "0") zoomBy(0);
    else return;
    event.preventDefault();
  });
  press(false);
  store.watch(["session"], ({ session }) => {
    if (!session) return;
    field = new NeuronField(session);
    runs.disabled = !session.selected.length;
    stale = true;
    draw();
  });
  store.watch(["neuron", "chosen"], ({ neuron }) => {
    if (neuron !== null) label(canvas, `Map of neurons, at ${describe(neuron)}`);
    draw();
  });
  redraw(() => {
    stale = true;
    draw();
  });
  return root;
}
