/** Thumbnails: tiles of one large picture, or of several that are fetched when needed. */

import type { Session } from "./session.ts";
import type { Source } from "./source.ts";

const PART = 400;

export class Atlas {
  readonly #parts = new Map<number, string>(); // "" while it is on its way
  readonly #source: Source;
  #session: Session | undefined;
  readonly #arrived = new Set<() => void>();
  #closed = false;

  constructor(source: Source) {
    this.#source = source;
  }

  open(session: Session): void {
    this.#session = session;
    if (session.thumbs?.length) this.#put(0, session.thumbs);
  }

  /** Call `tell` whenever a part has arrived. */
  watch(tell: () => void): void {
    this.#arrived.add(tell);
  }

  /** Show an image's tile as an element's background; fetch its part where it is missing. */
  paint(element: HTMLElement, image: number, side: number): void {
    const session = this.#session;
    if (!session) return;
    const whole = !!session.thumbs?.length;
    const part = whole ? 0 : Math.floor(image / PART);
    const url = this.#parts.get(part);
    if (url === undefined) this.#request(part);
    const { style } = element;
    if (!url) {
      style.backgroundImage = "";
      return;
    }
    const { columns } = session.header.thumb;
    const tile = image - part * PART * Number(!whole);
    style.backgroundImage = `url("${url}")`;
    style.backgroundSize = `${columns * side}px auto`;
    style.backgroundPosition = `${-(tile % columns) * side}px ${-Math.floor(tile / columns) * side}px`;
  }

  close(): void {
    this.#closed = true;
    for (const url of this.#parts.values()) if (url) URL.revokeObjectURL(url);
    this.#parts.clear();
    this.#arrived.clear();
  }

  #request(part: number): void {
    this.#parts.set(part, "");
    this.#source.thumbs(part).then(
      (bytes) => {
        if (!this.#closed) this.#put(part, bytes);
      },
      () => undefined, // rows stay without pictures; the sentence stands in the status line
    );
  }

  #put(part: number, bytes: Uint8Array): void {
    const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: "image/webp" }));
    this.#parts.set(part, url);
    for (const tell of this.#arrived) tell();
  }
}
