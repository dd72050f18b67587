/** Making elements. Text from elsewhere only ever becomes text, never markup. */

import { fromBase64 } from "./parcel.ts";

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;
type Part = Node | string | null | undefined | false | Attributes;
type Named<Tags> = keyof Tags & string;

function make(space: string, name: string, parts: readonly Part[]): Element {
  const [tag, ...classes] = name.split(".");
  const made = document.createElementNS(space, tag);
  if (classes.length) made.setAttribute("class", classes.join(" "));
  for (const part of parts) {
    if (!part) continue;
    if (typeof part === "string" || part instanceof Node) made.append(part);
    else {
      for (const [key, value] of Object.entries(part)) {
        if (value == null || value === false) continue;
        made.setAttribute(key, value === true ? "" : `${value}`);
      }
    }
  }
  return made;
}

/** An HTML element, as `tag.class.class`, of attributes and children; strings become text. */
export function h<Tag extends Named<HTMLElementTagNameMap>>(
  name: Tag | `${Tag}.${string}`,
  ...parts: readonly Part[]
): HTMLElementTagNameMap[Tag] {
  return make("http://www.w3.org/1999/xhtml", name, parts) as HTMLElementTagNameMap[Tag];
}

/** An SVG element, written the same way. */
export function s<Tag extends Named<SVGElementTagNameMap>>(
  name: Tag | `${Tag}.${string}`,
  ...parts: readonly Part[]
): SVGElementTagNameMap[Tag] {
  return make("http://www.w3.org/2000/svg", name, parts) as SVGElementTagNameMap[Tag];
}

/** Listen to an element's events of one kind; returns the element. */
export function on<Target extends Element, Kind extends keyof HTMLElementEventMap>(
  target: Target,
  kind: Kind,
  act: (event: HTMLElementEventMap[Kind]) => void,
): Target {
  target.addEventListener(kind, act as EventListener);
  return target;
}

/** Set what an element says: as text, never as markup. */
export const write = (target: Element, text: string | number): void => {
  target.textContent = `${text}`;
};

/** Set what those are told who do not see an element. */
export const aria = (target: Element, name: string, value: unknown): void =>
  target.setAttribute(`aria-${name}`, `${value}`);

/** Set what an element is called for them. */
export const label = (target: Element, text: string): void => aria(target, "label", text);

/** A button that does something. */
export const button = (text: string, act: () => void, title?: string): HTMLButtonElement =>
  on(h("button", { type: "button", title, "aria-label": title }, text), "click", act);

/** A paragraph of small print. */
export const foot = (...parts: readonly Part[]): HTMLParagraphElement => h("p.ne-foot", ...parts);

/** An entry of a legend: a mark, by its classes without `ne-`, and what it stands for. */
export const key = (mark: string, text: string): HTMLSpanElement =>
  h("span", h("i", { class: mark.replace(/(^| )/g, "$1ne-") }), text);

/** A heading of a table's row or column. */
export const heading = (text: string, scope = "row"): HTMLTableCellElement => h("th", { scope }, text);

/** A tile: a button where it leads somewhere. It is painted by whoever makes it. */
export function tile(classes: string, says: string, act?: () => void): HTMLElement {
  const made = act ? button("", act, says) : h("span", { role: "img", title: says, "aria-label": says });
  made.setAttribute("class", `ne-tile ${classes}`);
  return made;
}

/** Where an event happened inside an element, and how large that is. */
export function place(event: MouseEvent, target: Element): { x: number; y: number; width: number; height: number } {
  const { left, top, width, height } = target.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top, width, height };
}

let counter = 0;

/** An id that no other element of the page has, also with two explorers in it. */
export const uniqueId = (): string => `ne-${++counter}-${Math.random().toString(36).slice(2, 7)}`;

/** A panel: a section with a heading that names it. */
export function panel(area: string, title: string): { root: HTMLElement; head: HTMLElement } {
  const id = uniqueId();
  const head = h("header", h("h3", { id }, title));
  return { root: h("section", { class: `ne-panel ne-${area}`, "aria-labelledby": id }, head), head };
}

/** A number as short as it can be read. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e5)
      ? value.toExponential(Math.max(0, digits - 2))
      : value.toPrecision(digits);
  const plain = text.includes("e") ? text : text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  return plain.replace("-", "−");
}

/** A share as a percentage. */
export const percent = (share: number): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %` : "–";

/** A canvas as sharp as the screen, whose context counts in CSS pixels. */
export function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = globalThis.devicePixelRatio || 1;
  const [w, t] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== t) {
    canvas.width = w;
    canvas.height = t;
  }
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Draw the outline that was begun several times, wider ones first: legible on anything. */
export function halo(context: CanvasRenderingContext2D, lines: readonly (readonly [number, string])[]): void {
  for (const [width, style] of lines) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke();
  }
}

/** Run at most once per frame. */
export function perFrame(act: () => void): () => void {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      act();
    });
  };
}

/** An image's bytes as an address; the one before is given back. */
export class BlobUrl {
  #url = "";

  set(bytes: Uint8Array | undefined): string {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = bytes ? URL.createObjectURL(new Blob([bytes as BlobPart])) : "";
    return this.#url;
  }
}

/** A style sheet that the build has packed. */
export async function unpacked(base64: string): Promise<string> {
  const bytes = fromBase64(base64) as BlobPart;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
}
