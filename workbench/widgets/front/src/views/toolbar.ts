/** What this is, which neurons take part, and one line that says what happened. */

import { button, h, on, uniqueId, write } from "../dom.ts";
import type { Context } from "../context.ts";
import type { Mode } from "../source.ts";

const MODES: readonly [Mode, string][] = [
  ["all", "All neurons"],
  ["only", "Only these"],
  ["without", "Without these"],
];

/** `tools`: whether neurons can be left out. */
export function toolbar({ explorer, store }: Context, tools = true): HTMLElement {
  const title = h("h2");
  const about = h("p.ne-about");
  const count = h("span.ne-count");
  const clear = button("Clear", () => explorer.chooseSet([]));
  const alert = h("p.ne-gone", { role: "alert", hidden: true });
  const group = uniqueId();
  const choices = MODES.map(([mode, text]) => {
    const input = h("input", { type: "radio", name: group, value: mode });
    on(input, "change", () => explorer.setMode(mode));
    return { mode, input, label: h("label", input, h("span", text)) };
  });
  const segments = h("div.ne-segments", { role: "radiogroup", "aria-label": "Which neurons detection uses" },
    ...choices.map((choice) => choice.label),
  );
  const status = h("p.ne-status", { role: "status", "aria-live": "polite" });
  const root = h("header.ne-bar",
    h("div", title, about),
    tools && h("div.ne-tools", segments, count, clear),
    alert,
    status,
  );

  store.watch(["session"], ({ session }) => {
    if (!session) return;
    const { header } = session;
    write(title, header.title || header.category);
    write(about, [header.category, header.model, header.site].filter(Boolean).join(" · "));
    about.title = about.textContent;
  });
  store.watch(["session", "chosen", "subset", "gone"], ({ session, chosen, subset, gone }) => {
    if (!session) return;
    const usable = chosen.filter((neuron) => session.place(neuron) >= 0).length;
    const reason =
      session.header.redo === false
        ? (session.header.redo_reason ?? "Detection cannot be redone here.")
        : gone
          ? gone
          : usable
            ? ""
            : "First choose neurons of the run: lasso them on the map.";
    for (const { mode, input, label } of choices) {
      input.checked = mode === subset.mode;
      input.disabled = mode !== "all" && !!reason;
      label.title = input.disabled ? reason : "";
    }
    count.textContent = chosen.length
      ? `${chosen.length} chosen${usable < chosen.length ? `, ${usable} of the run` : ""}`
      : "none chosen";
    clear.disabled = !chosen.length;
  });
  store.watch(["status"], ({ status: sentence }) => {
    write(status, sentence);
  });
  store.watch(["gone"], ({ gone }) => {
    alert.hidden = !gone;
    write(alert, gone);
  });
  return root;
}
