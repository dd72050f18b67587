/** What is known of the shown neuron. */

import { axis, steps } from "../chart.ts";
import { BlobUrl, button, h, on, panel, percent, s, short } from "../dom.ts";
import type { Context } from "../context.ts";
import type { Group, Interval, NeuronAnswer, NeuronHeader } from "../source.ts";
import type { State } from "../state.ts";

const TILE = 60;
const WIDTH = 290;

/** Whether a group's name speaks of something wrong. */
const isDefective = (group: string): boolean => /anomal|defect/i.test(group);

export function neuronPanel({ explorer, store, undo }: Context): HTMLElement {
  const { root, head } = panel("neuron", "Neuron");
  const badge = h("span.ne-badge");
  head.append(badge);
  const name = h("p.ne-neuron-name");
  const term = h("p.ne-term");
  const place = h("p.ne-foot");
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
      name.textContent = "";
      place.textContent = session ? "Choose a neuron on the map or by its share." : "";
      fires.hidden = add.hidden = true;
      return;
    }
    const { site, index } = session.where(neuron);
    name.replaceChildren(h("b", String(index)), h("span", site));
    name.title = session.name(neuron);
    const said = session.term(neuron);
    term.textContent = said ? `“${said}”` : "";
    badge.textContent = session.place(neuron) >= 0 ? "selected" : "";
    const header = card?.header;
    const known = header && header.site === site && header.index === index;
    place.textContent =
      `sensitivity ${short(session.sensitivity[neuron])}` +
      (known ? `, rank ${header.rank} of ${header.of}` : "");
    fires.hidden = add.hidden = false;
    fires.disabled = !explorer.fires();
    fires.title = fires.disabled ? "Not known of this neuron." : "";
    fires.setAttribute("aria-pressed", String(sort === "neuron"));
    add.textContent = chosen.includes(neuron) ? "Take out of chosen" : "Add to chosen";
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
    const tiles = Array.from({ length: at.length / 3 }, (_, tile) => {
      const [image, row, column] = [at[3 * tile], at[3 * tile + 1], at[3 * tile + 2]];
      const entry = session?.header.images[image];
      const style =
        `background-image:url("${url}");background-size:auto ${TILE}px;` +
        `background-position:${-tile * TILE}px 0`;
      const says = `${entry?.name ?? "a normal picture"}, row ${row}, column ${column}: ${short(values?.[tile] ?? NaN)}`;
      const kind = touches?.[tile] === 1 ? "ne-tile ne-touches" : "ne-tile";
      if (!entry || !session) return h("span", { class: kind, style, role: "img", "aria-label": says, title: says });
      const made = h("button", { type: "button", class: kind, style, "aria-label": says, title: says });
      on(made, "click", () => explorer.chooseImage(image, session.patchNumber(row, column)));
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
      const kind = isDefective(group) ? "ne-defective" : at ? "ne-other" : "ne-fine";
      chart.append(s("path", { class: kind, d: steps(edges, shares[at], x, y) }));
    });
    chart.append(axis(low, high, x, height - 22));
    const key = groups.map(({ group, patches }, at) => {
      const kind = isDefective(group) ? "ne-defective" : at ? "ne-other" : "ne-fine";
      return h("span", h("i", { class: `ne-swatch ${kind}` }), `${group} (${patches.toLocaleString("en")} patches)`);
    });
    return h("section", h("h4", "Activations"), chart, h("p.ne-legend", ...key));
  }

  function effects({ alone, silenced, carries }: NeuronHeader): HTMLElement | null {
    const rows = [
      alone && effect("Alone, image AUROC", alone, [0, 1], 0.5),
      silenced && effect("Silenced, change of AUROC", silenced, spread(silenced), 0),
      typeof carries === "number" &&
        h("tr", h("th", { scope: "row" }, "Carries of the score at peaks"), h("td"), h("td", percent(carries))),
    ].filter((row) => !!row);
    if (!rows.length) return null;
    return h("section", h("h4", "What it does"), h("table.ne-effects", h("tbody", ...rows)));
  }

  function labels({ labels: found }: NeuronHeader): HTMLElement | null {
    if (!found?.length) return null;
    const rows = found.map(({ method, term: word, score, q }) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, method),
        h("td.ne-word", word ?? "none better than chance"),
        h("td", score === null ? "" : short(score)),
        h("td", q === null ? "" : short(q, 2)),
      ),
    );
    const top = h(
      "tr",
      {},
      ...["Method", "Label", "Score", "q"].map((text, at) =>
        h(at === 1 ? "th.ne-word" : "th", { scope: "col" }, text),
      ),
    );
    return h(
      "section",
      {},
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
  const figures = `${short(value)} [${short(low)}, ${short(high)}]`;
  return h(
    "tr",
    { title: `${title}: ${figures} (95 % interval)` },
    h("th", { scope: "row" }, title),
    h("td", chart),
    h("td", h("b", short(value)), h("span.ne-foot.ne-interval", `[${short(low)}, ${short(high)}]`)),
  );
}
