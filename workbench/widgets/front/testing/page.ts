/** What runs in the harness's page: a kernel that is only pretended, and the built bundle. */

import { BIG, compare, encode, HOSTILE, type Parcel, pro, random, SMALL, sweep, World } from "./invented.ts";
import type { Subset } from "../src/source.ts";

type Render = (given: { model: unknown; el: HTMLElement }) => () => void;

async function webp(width: number, height: number, paint: (c: OffscreenCanvasRenderingContext2D) => void): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  paint(canvas.getContext("2d") as OffscreenCanvasRenderingContext2D);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.8 });
  return new Uint8Array(await blob.arrayBuffer());
}

function makeWorld(size: typeof SMALL): World {
  const tile = (c: OffscreenCanvasRenderingContext2D, image: number, left: number, top: number, side: number): void => {
    const draw = random(image);
    c.fillStyle = `hsl(${190 + 60 * draw()} 12% ${48 + 14 * draw()}%)`;
    c.fillRect(left, top, side, side);
    for (let i = 0; i < 40; i++) {
      c.fillStyle = `hsla(${200 + 40 * draw()},10%,${30 + 50 * draw()}%,.25)`;
      c.fillRect(left, top + draw() * side, side, side * 0.03 * draw());
    }
    if (!world.isDefect(image)) return;
    const { x, y, r } = world.blob(image);
    c.fillStyle = "rgba(90,40,25,.8)";
    c.beginPath();
    c.ellipse(left + x * side, top + y * side, r * side, r * side * 0.7, draw() * 3, 0, 7);
    c.fill();
  };
  const world: World = new World(
    size,
    (image, side) => webp(side, side, (c) => tile(c, image, 0, 0, side)),
    (images, side) =>
      images.length > 20
        ? webp(20 * side, Math.ceil(images.length / 20) * side, (c) =>
            images.forEach((image, at) => tile(c, image, (at % 20) * side, Math.floor(at / 20) * side, side)),
          )
        : webp(images.length * side, side, (c) => images.forEach((image, at) => tile(c, image, at * side, 0, side))),
  );
  return world;
}

interface Message {
  readonly id: number;
  readonly ask: string;
  readonly index?: number;
  readonly site?: string;
  readonly part?: number;
  readonly side?: number;
  readonly subset?: Subset;
  readonly mode?: Subset["mode"];
  readonly positions?: number[];
}

/** A kernel of which only the answers exist; what took long to invent is kept. */
class Kernel {
  readonly chosen: unknown[] = [];
  readonly sent: string[] = [];
  private readonly handlers = new Map<string, ((...given: unknown[]) => void)[]>();
  private readonly kept = new Map<string, Promise<Parcel>>();
  private readonly world: World;
  private readonly change: (header: Record<string, unknown>) => void;
  private readonly view: string;
  dead = false;
  noMasks = false;
  done = 99;
  apart = false;

  constructor(world: World, change: (header: Record<string, unknown>) => void, view: string) {
    this.world = world;
    this.change = change;
    this.view = view;
  }

  get(name: string): unknown {
    return name === "view" ? this.view : undefined;
  }
  on(event: string, handler: (...given: unknown[]) => void): void {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler]);
  }
  off(event: string, handler: unknown): void {
    this.handlers.set(event, (this.handlers.get(event) ?? []).filter((one) => one !== handler));
  }
  tell(event: string, ...given: unknown[]): void {
    for (const handler of this.handlers.get(event) ?? []) handler(...given);
  }
  send(message: Message): void {
    if (this.dead) throw new Error("comm is disposed");
    this.sent.push(message.ask);
    if (message.ask === "chosen") {
      this.chosen.push(message);
      return;
    }
    this.answer(message).then(
      (parcel) => {
        const { specs, bytes } = encode(parcel);
        const buffers = bytes.map((one) => new DataView(one.buffer, one.byteOffset, one.byteLength));
        setTimeout(() => this.tell("msg:custom", { id: message.id, header: parcel.header, arrays: specs }, buffers));
      },
      (error) => this.tell("msg:custom", { id: message.id, error: String(error) }, []),
    );
  }
  async warm(images: number[], neurons: [string, number][]): Promise<void> {
    for (const index of images) await this.answer({ id: 0, ask: "image", index });
    for (const [site, index] of neurons) await this.answer({ id: 0, ask: "neuron", site, index });
  }
  private answer(message: Message): Promise<Parcel> {
    const { id: _, ...content } = message;
    const key = JSON.stringify(content);
    let found = this.kept.get(key);
    if (!found) {
      found = this.make(message);
      this.kept.set(key, found);
    }
    return found;
  }
  private async make(message: Message): Promise<Parcel> {
    const { world } = this;
    const { ask, index = 0, site = "", part = 0, subset, mode = "only", positions = [] } = message;
    if (ask === "open" && !message.side) {
      const parcel = await world.open();
      this.change(parcel.header);
      return parcel;
    }
    if (ask === "image" && !message.side) return world.image(index, subset?.mode === "point" ? undefined : subset);
    if (ask === "neuron") return world.neuron(site, index);
    if (ask === "detect" && mode === "point") {
      const parcel = world.detect({ mode: "only", positions: [1, 4, 9] });
      return { ...parcel, header: { ...parcel.header, note: `Point ${positions.join(" ")}.` } };
    }
    if (ask === "detect") return world.detect({ mode, positions });
    if (ask === "pro") return pro(this.noMasks);
    if (ask === "compare") return compare(this.apart);
    if (message.side && ask === "open") {
      const parcel = await world.open();
      const scores = world.detect({ mode: "only", positions: [1, 2, 3, 5, 8, 9, 11, 20, 30, 31, 32, 33, 34] });
      const { display_range } = scores.header;
      return { header: { ...parcel.header, threshold: 0.04, display_range }, arrays: { ...parcel.arrays, ...scores.arrays }, shapes: parcel.shapes as Record<string, number[]> };
    }
    if (message.side && ask === "image") return world.image(index, { mode: "only", positions: [1, 2, 3, 5, 8, 9, 11, 20] });
    if (ask === "sweep" || ask === "pause") return sweep(this.done, true);
    const many = Array.from({ length: Math.min(400, world.size.images - part * 400) }, (_, at) => part * 400 + at);
    return { header: { part }, arrays: { thumbs: await world["strip"](many, 48) } };
  }
}

const MODULE = (view: string): string => (view === "explorer" ? "/explorer.js" : "/views.js");

const harness = {
  SMALL,
  BIG,
  NONE: { ...SMALL, images: 0 },
  HOSTILE,
  kernels: [] as Kernel[],
  closers: [] as (() => void)[],
  async show(
    size: typeof SMALL,
    change: (header: Record<string, unknown>) => void = () => {},
    view = "explorer",
    prepare: (kernel: Kernel) => void = () => {},
  ) {
    const { default: widget } = (await import(/* @vite-ignore */ MODULE(view))) as { default: { render: Render } };
    const kernel = new Kernel(makeWorld(size), change, view);
    const el = document.createElement("div");
    document.querySelector("main")?.append(el);
    const started = performance.now();
    prepare(kernel);
    this.kernels.push(kernel);
    this.closers.push(widget.render({ model: kernel, el }));
    await this.settled();
    return performance.now() - started;
  },
  close() {
    this.closers.pop()?.();
    this.kernels.pop();
    document.querySelector("main")?.lastElementChild?.remove();
  },
  /** Until nothing is waited for and what changed is on the screen. */
  async settled(): Promise<void> {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const root = () => document.querySelector("main > div:last-child > section");
    await Promise.resolve();
    while (root()?.getAttribute("aria-busy") === "true") await new Promise((resolve) => setTimeout(resolve, 1));
    await frame();
    await new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(0); // after the frame has been painted
    });
  },
  async timed(act: () => void): Promise<number> {
    const started = performance.now();
    act();
    await new Promise((resolve) => queueMicrotask(() => resolve(0)));
    await this.settled();
    return performance.now() - started;
  },
  /** Everything of the small world in one page, as `save_html` writes it. */
  async file(images: number, view = "explorer"): Promise<string> {
    const world = makeWorld(SMALL);
    const parcels: unknown[] = [];
    const all: Uint8Array[] = [];
    let offset = 0;
    const add = (key: string, parcel: Parcel): void => {
      const { specs, bytes } = encode(parcel);
      const arrays = specs.map((spec, at) => {
        const placed = { ...spec, offset };
        offset += bytes[at].length;
        all.push(bytes[at]);
        return placed;
      });
      parcels.push({ key, header: parcel.header, arrays });
    };
    const open = await world.open();
    open.header["live"] = false;
    open.header["selection"] = `This file holds the pictures of ${images} of ${SMALL.images} images.`;
    add("open", open);
    for (let image = 0; image < images; image++) add(`image:${image}`, await world.image(image, undefined, true));
    for (const index of world.selected.slice(0, 40)) {
      const site = open.header["site"] as string;
      add(`neuron:${site}:${index}`, await world.neuron(site, index));
    }
    const { Half } = await import("./invented.ts");
    add("gallery", {
      header: {},
      arrays: { gallery: new Half(world.gallery) },
      shapes: { gallery: [world.gallery.length / SMALL.selected, SMALL.selected] },
    });
    add("pro", pro(false));
    add("compare", compare(false));
    add("1:open", open);
    for (let image = 0; image < images; image++) add(`1:image:${image}`, await world.image(image, undefined, true));
    add("sweep", sweep());
    add("point:0:2", world.detect({ mode: "only", positions: [1, 4, 9] }));
    const whole = new Blob(all as BlobPart[]);
    const url: string = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result as string);
      reader.readAsDataURL(whole);
    });
    const code = await (await fetch(MODULE(view))).text();
    const json = JSON.stringify({ parcels }).replaceAll("</", "<\\/");
    return (
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>Invented</title><main><div data-neuron-explorer="${view}"></div></main>` +
      `<script type="application/json" data-explorer="headers">${json}</scr` + `ipt>` +
      `<script type="text/plain" data-explorer="bytes">${url.slice(url.indexOf(",") + 1)}</scr` + `ipt>` +
      `<script type="module">${code}</scr` + `ipt></html>`
    );
  },
};

export type Harness = typeof harness;
(globalThis as unknown as { harness: Harness }).harness = harness;
