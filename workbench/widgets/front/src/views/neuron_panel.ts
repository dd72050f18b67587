/** What is known of the shown neuron. */

import { axis, steps } from "../chart.ts";
import { aria, BlobUrl, button, foot, h, heading, key, panel, percent, s, short, tile, write } from "../dom.ts";
import type { Context } from "../context.ts";
import { range } from "../order.ts";
import type { Group, Interval, NeuronAnswer, NeuronHeader } from "../source.ts";
import type { State } from "../state.ts";
import { percent100 } from "./plot.ts";

const TILE = 60;
const WIDTH = 290;

/** What a group is drawn as: the first is normal, unless its name speaks of something wrong. */
const kind = (group: string, at: number): string =>
  /anomal|defect/i.test(group) ? "defective" : at ? "other" : "fine";

export function neuronPanel({ explorer, store, undo }: Context): HTMLElement {
  const { root, head } = panel("neuron", "Neuron");
  const badge = h("span.ne-badge");
  head.append(badge);
  const name = h("p.ne-neuron-name");
  const term = h("p.ne-term");
  const place = foot();
  const fires = button("Sort images by it", () => {
    store.set({ sort: store.get().sort === "neuron" ? "score" : "neuron" });
  });
  const add = button("", () => explorer.toggle(store.get().neuron ?? 0));
  const body = h("div.ne-card");
  root.append(name, term, place, h("div.ne-buttons", fires, add), body);
  const strip = new BlobUrl();
  undo(() => strip.set(undefined));
  let shown: NeuronAnswer | null = null;

  function title({ session, neuron, chosen, sort, card }: State): void {
    if (!session || neuron === null) {
      write(name, "");
      write(place, session ? "Choose a neuron on the map or by its share." : "");
      fires.hidden = add.hidden = true;
      return;
    }
    const { site, index } = session.where(neuron);
    name.replaceChildren(h("b", String(index)), h("span", site));
    name.title = session.name(neuron);
    const said = session.term(neuron);
    write(term, said ? `“${said}”` : "");
    write(badge, session.place(neuron) >= 0 ? "selected" : "");
    const header = card?.header;
    const known = header && header.site === site && header.index === index;
    write(
      place,
      `sensitivity ${short(session.sensitivity[neuron])}` +
      (known ? `, rank ${header.rank} of ${header.of}` : ""),
    );
    fires.hidden = add.hidden = false;
    fires.disabled = !explorer.fires();
    fires.title = fires.disabled ? "Not known of this neuron." : "";
    aria(fires, "pressed", sort === "neuron");
    write(add, chosen.includes(neuron) ? "Take out of chosen" : "Add to chosen");
  }

  function content({ session, neuron, card, cardProblem }: State): void {
    const where = session && neuron !== null ? session.where(neuron) : undefined;
    const fits = card && where && card.header.site === where.site && card.header.index === where.index;
    if (!fits) {
      // The one before stays, faint, so that nothing jumps while the next is on its way.
      body.classList.toggle("ne-waits", !cardProblem);
      if (cardProblem) {
        body.replaceChildren(h("p.ne-empty", cardProblem));
        shown = null;
      }
      return;
    }
    body.classList.remove("ne-waits");
    if (card === shown) return;
    shown = card;
    body.replaceChildren(
      ...[exemplars(card), histogram(card.header), effects(card.header), labels(card.header)].filter(
        (part) => part !== null,
      ),
    );
  }

  function exemplars({ arrays }: NeuronAnswer): HTMLElement | null {
    const { exemplars: bytes, exemplar_at: at, exemplar_values: values, touches } = arrays;
    if (!bytes?.length || !at) return null;
    const url = strip.set(bytes as Uint8Array);
    const session = store.get().session;
    const tiles = range(at.length / 3).map((one) => {
      const [image, row, column] = at.subarray(3 * one);
      const entry = session?.header.images[image];
      const says = `${entry?.name ?? "a normal picture"}, row ${row}, column ${column}: ${short(values?.[one] ?? NaN)}`;
      const act = entry && session && (() => explorer.chooseImage(image, session.patchNumber(row, column)));
      const made = tile(touches?.[one] === 1 ? "ne-touches" : "", says, act);
      made.style.background = `url("${url}") ${-one * TILE}px 0/auto ${TILE}px`;
      return made;
    });
    return h("section", h("h4", "Where it is largest"), h("div.ne-tiles", ...tiles));
  }

  function histogram({ edges, groups }: NeuronHeader): HTMLElement | null {
    if (!edges || edges.length < 2 || !groups?.length) return null;
    const height = 84;
    const [low, high] = [edges[0], edges[edges.length - 1]];
    const x = (value: number): number => 6 + ((value - low) / (high - low)) * (WIDTH - 12);
    const shares = groups.map(({ counts }) => {
      const total = counts.reduce((sum, count) => sum + count, 0) || 1;
      return counts.map((count) => count / total);
    });
    const top = Math.max(...shares.flat()) || 1;
    const y = (share: number): number => height - 22 - (share / top) * (height - 28);
    const chart = s("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": spoken(groups) });
    groups.forEach(({ group }, at) => {
      chart.append(s("path", { class: `ne-${kind(group, at)}`, d: steps(edges, shares[at], x, y) }));
    });
    chart.append(axis(low, high, x, height - 22));
    const entries = groups.map(({ group, patches }, at) =>
      key(`swatch ${kind(group, at)}`, `${group} (${patches.toLocaleString("en")} patches)`),
    );
    return h("section", h("h4", "Activations"), chart, h("p.ne-legend", ...entries));
  }

  function effects({ alone, silenced, carries }: NeuronHeader): HTMLElement | null {
    const rows = [
      alone && effect("Alone, image AUROC", alone, [0, 1], 0.5),
      silenced && effect("Silenced, change of AUROC", silenced, spread(silenced), 0),
      typeof carries === "number" &&
        h("tr", heading("Carries of the score at peaks"), h("td"), h("td", percent(carries))),
    ].filter((row) => !!row);
    if (!rows.length) return null;
    return h("section", h("h4", "What it does, with 95 % intervals"), h("table.ne-effects", h("tbody", ...rows)));
  }

  function labels({ labels: found }: NeuronHeader): HTMLElement | null {
    if (!found?.length) return null;
    const rows = found.map(({ method, term: word, score, q }) =>
      h(
        "tr",
        heading(method),
        h("td.ne-word", word ?? "none better than chance"),
        h("td", score === null ? "" : short(score)),
        h("td", q === null ? "" : short(q, 2)),
      ),
    );
    const top = h(
      "tr",
      ...["Method", "Label", "Score", "q"].map((text, at) =>
        h(at === 1 ? "th.ne-word" : "th", { scope: "col" }, text),
      ),
    );
    return h(
      "section",
      h("h4", "In words"),
      h("table", h("thead", top), h("tbody", ...rows)),
    );
  }

  store.watch(["session", "neuron", "chosen", "sort", "card"], title);
  store.watch(["session", "neuron", "card", "cardProblem"], content);
  return root;
}

function spoken(groups: readonly Group[]): string {
  return `Histogram of activations. ${groups
    .map(({ group, mean, deviation }) => `${group}: mean ${short(mean)}, deviation ${short(deviation)}`)
    .join("; ")}`;
}

function spread({ low, high }: Interval): [number, number] {
  const widest = Math.max(Math.abs(low), Math.abs(high), 1e-6) * 1.15;
  return [-widest, widest];
}

/** A value with its interval as a dot on a line, about a reference. */
function effect(title: string, { value, low, high }: Interval, [from, to]: [number, number], zero: number): HTMLElement {
  const x = (at: number): number => 3 + ((at - from) / (to - from)) * 64;
  const chart = s(
    "svg",
    { viewBox: "0 0 70 14", width: 70, height: 14, "aria-hidden": "true" },
    s("line.ne-zero", { x1: x(zero), x2: x(zero), y1: 0, y2: 14 }),
    s("line.ne-whisker", { x1: x(low), x2: x(high), y1: 7, y2: 7 }),
    s("circle.ne-mean", { cx: x(value), cy: 7, r: 3 }),
  );
  return h(
    "tr",
    heading(title),
    h("td", chart),
    h("td", h("b", percent100(value)), h("span.ne-foot.ne-interval", `[${percent100(low)}, ${percent100(high)}]`)),
  );
}
