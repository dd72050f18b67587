/** The source that asks the kernel, over anywidget's custom messages. */

import { type ArraySpec, decodeParcel, type Numbers, type Parcel } from "./parcel.ts";
import {
  type Chosen,
  type DetectAnswer,
  type ImageAnswer,
  type ImageHeader,
  type Listener,
  type NeuronAnswer,
  type NeuronHeader,
  type Open,
  type Pushed,
  type Source,
  Stale,
  type Subset,
} from "./source.ts";

/** As much of anywidget's model as is used. */
export interface Model {
  readonly comm_live?: boolean;
  get(name: string): unknown;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, handler: (...given: never[]) => void): void;
  off(event: string, handler?: (...given: never[]) => void): void;
}

interface Answer {
  readonly id?: number;
  readonly header?: object;
  readonly arrays?: readonly ArraySpec[];
  readonly more?: boolean;
  readonly error?: string;
  readonly push?: string;
}

interface Waiting {
  readonly kind: string;
  resolve(parcel: Parcel<never>): void;
  reject(error: Error): void;
  readonly more: ((parcel: Parcel<never>) => void) | undefined;
  first: Parcel<object> | undefined;
}

const REPLACEABLE = new Set(["image", "neuron", "detect"]);
export const GONE =
  "The kernel is gone. What is on screen stays; run the cell again to go on.";

export class KernelSource implements Source {
  readonly kind = "kernel";
  readonly #waiting = new Map<number, Waiting>();
  readonly #model: Model;
  readonly #side: number;
  #listener: Listener | undefined;
  #lastId: number;
  #gone = false;

  /**
   * `side` says which of several runs is meant. Two views of one model hear each other's answers, so
   * their ids must not meet.
   */
  constructor(model: Model, side = 0, lastId = Math.floor(Math.random() * 2 ** 40)) {
    this.#model = model;
    this.#side = side;
    this.#lastId = lastId;
    model.on("msg:custom", this.#received);
    model.on("comm_live_update", this.#liveness);
    model.on("destroy", this.#lost);
  }

  open(): Promise<Open> {
    return this.#ask("open", {});
  }

  async image(index: number, subset: Subset): Promise<ImageAnswer> {
    return this.#ask<ImageHeader>(
      "image",
      subset.mode === "all" ? { index } : { index, subset },
    );
  }

  neuron(
    site: string,
    index: number,
    more: (answer: NeuronAnswer) => void,
  ): Promise<NeuronAnswer> {
    return this.#ask<NeuronHeader>("neuron", { site, index }, more);
  }

  detect(subset: Subset): Promise<DetectAnswer> {
    const { mode, positions } = subset.mode === "all" ? { mode: "only", positions: [] } : subset;
    return this.#ask("detect", { mode, positions });
  }

  async thumbs(part: number): Promise<Uint8Array> {
    const parcel = await this.#ask<{ part: number }>("thumbs", { part });
    return parcel.arrays["thumbs"] as Uint8Array;
  }

  extra<Header>(what: string, more: (answer: Parcel<Header>) => void): Promise<Parcel<Header>> {
    return this.#ask(what, {}, more);
  }

  chosen(choice: Chosen): void {
    if (!this.#gone) this.#send({ id: ++this.#lastId, ask: "chosen", ...choice });
  }

  listen(listener: Listener): void {
    this.#listener = listener;
    if (this.#gone) listener.gone(GONE);
  }

  close(): void {
    this.#model.off("msg:custom", this.#received);
    this.#model.off("comm_live_update", this.#liveness);
    this.#model.off("destroy", this.#lost);
    this.#listener = undefined;
    for (const one of this.#waiting.values()) one.reject(new Stale());
    this.#waiting.clear();
  }

  #ask<Header>(
    kind: string,
    content: object,
    more?: (parcel: Parcel<Header>) => void,
  ): Promise<Parcel<Header>> {
    if (this.#gone) return Promise.reject(new Error(GONE));
    const id = ++this.#lastId;
    if (REPLACEABLE.has(kind)) this.#overtake(kind);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { kind, resolve, reject, more, first: undefined });
      this.#send({ id, ask: kind, ...content });
    });
  }

  #overtake(kind: string): void {
    for (const [id, one] of this.#waiting) {
      if (one.kind !== kind) continue;
      this.#waiting.delete(id);
      one.reject(new Stale());
    }
  }

  #send(content: object): void {
    try {
      this.#model.send(this.#side ? { ...content, side: this.#side } : content);
    } catch {
      this.#lost(); // a disposed comm throws
    }
  }

  readonly #received = (message: Answer, buffers: readonly ArrayBufferView[] = []): void => {
    if (message.push === "choose") {
      if (!this.#side) this.#listener?.pushed(message as Pushed); // the others follow the first
      return;
    }
    const id = message.id ?? -1;
    const one = this.#waiting.get(id);
    if (!one) return; // overtaken, or meant for another view of the same model
    if (message.error !== undefined) {
      this.#waiting.delete(id);
      one.reject(new Error(message.error));
      return;
    }
    try {
      const views = buffers.map((view) => (ArrayBuffer.isView(view) ? view : new Uint8Array(view)));
      const specs = message.arrays ?? [];
      const parcel = decodeParcel(withShapes(message.header ?? {}, specs), specs, views);
      if (!message.more) this.#waiting.delete(id);
      if (!one.first) one.resolve(parcel as Parcel<never>);
      else one.more?.(merged(one.first, parcel) as Parcel<never>);
      one.first = parcel;
    } catch (error) {
      this.#waiting.delete(id);
      one.reject(error as Error);
    }
  };

  readonly #liveness = (): void => {
    // anywidget hides whether it is alive; after the first time this only speaks of losing it.
    if (!this.#model.comm_live) this.#lost();
  };

  readonly #lost = (): void => {
    if (this.#gone) return;
    this.#gone = true;
    for (const one of this.#waiting.values()) one.reject(new Error(GONE));
    this.#waiting.clear();
    this.#listener?.gone(GONE);
  };
}

/** The header with the mask's shape in it, which its bytes alone do not tell. */
export function withShapes(header: object, specs: readonly ArraySpec[]): object {
  const mask = specs.find((spec) => spec.name === "mask");
  return mask ? { ...header, maskShape: mask.shape } : header;
}

function merged(first: Parcel<object>, second: Parcel<object>): Parcel<object> {
  const arrays: Record<string, Numbers | undefined> = { ...first.arrays, ...second.arrays };
  return { header: { ...first.header, ...second.header }, arrays };
}
