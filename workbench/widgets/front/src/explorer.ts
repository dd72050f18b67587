/** What can be done: every choice changes the state and asks the source for what it needs. */

import { argmax } from "./detection.ts";
import { byValue } from "./order.ts";
import { Session } from "./session.ts";
import {
  type Mode,
  type NeuronAnswer,
  type Pushed,
  type Source,
  Stale,
  type Subset,
  WHOLE,
} from "./source.ts";
import { INITIAL, type Picture, type State } from "./state.ts";
import { Store } from "./store.ts";

const KEPT_PICTURES = 24;
const KEPT_CARDS = 64;
const SOON = 60; // milliseconds until a choice is told to Python, or detection redone
const PATIENCE = 3000; // milliseconds until the kernel is said to be slow

export type Decode = (bytes: Uint8Array) => Promise<ImageBitmap | null>;

/** What the views show, and is asked for whenever another is chosen. */
export interface Wants {
  readonly neurons: boolean;
  readonly pictures: boolean;
}

export class Explorer {
  readonly store = new Store<State>(INITIAL);
  readonly source: Source;
  readonly wants: Wants;
  readonly #decode: Decode;
  readonly #pictures = new Map<string, Picture>();
  readonly #cards = new Map<number, NeuronAnswer>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #told = "";
  #closed = false;

  constructor(source: Source, decode: Decode, wants: Wants) {
    this.source = source;
    this.wants = wants;
    this.#decode = decode;
    source.listen({
      pushed: (choice) => this.#pushed(choice),
      gone: (gone) => this.store.set({ gone, status: "" }),
    });
  }

  /** Open, and choose the image with the highest score. */
  async start(): Promise<void> {
    try {
      const session = new Session(await this.#waitFor(this.source.open()));
      const judged = session.whole();
      const status = session.header.notes?.join(" ") ?? "";
      this.store.set({ phase: "ready", session, judged, threshold: judged.threshold, status });
      this.#told = this.#choice();
      if (session.count) this.chooseImage(byValue(judged.scores)[0]);
      if (this.wants.neurons && session.selected.length) this.chooseNeuron(session.selected[0]);
      this.#pushed(session.header.chosen ?? {});
    } catch (error) {
      if (error instanceof Stale) return;
      const problem = (error as Error).message;
      this.store.set({ phase: "failed", problem });
    }
  }

  close(): void {
    this.#closed = true;
    this.source.close();
    this.#timers.forEach((timer) => clearTimeout(timer));
    for (const picture of this.#pictures.values()) picture.bitmap?.close();
    this.#pictures.clear();
    this.#cards.clear();
  }

  /** Choose an image and a patch of it, by default where its score comes from. */
  chooseImage(image: number, patch?: number): void {
    const { session } = this.store.get();
    if (!session || image < 0 || image >= session.count) return;
    this.store.set({ image, patch: patch ?? this.#peak(image), hover: null });
    this.#tellSoon();
    void this.#loadPicture();
  }

  choosePatch(patch: number): void {
    this.store.set({ patch, hover: null });
    this.#tellSoon();
  }

  hover(patch: number | null): void {
    this.store.set({ hover: patch });
  }

  chooseNeuron(neuron: number): void {
    this.store.set({ neuron });
    this.#tellSoon();
    void this.#loadCard();
  }

  /** Choose a set of neurons; detection is redone if it works with the set. */
  chooseSet(neurons: readonly number[]): void {
    const { session, subset } = this.store.get();
    if (!session) return;
    const chosen = [...new Set(neurons)].sort((a, b) => a - b);
    this.store.set({ chosen });
    this.#tellSoon();
    const usable = chosen.filter((neuron) => session.place(neuron) >= 0).length;
    if (!chosen.length) this.say("No neurons are chosen.");
    else {
      const foreign = chosen.length - usable;
      this.say(
        `${chosen.length} ${chosen.length === 1 ? "neuron" : "neurons"} chosen` +
          (foreign ? `, ${usable} of them selected by the run.` : "."),
      );
    }
    if (subset.mode !== "all") this.#later("detect", () => this.setMode(subset.mode));
  }

  toggle(neuron: number): void {
    const { chosen } = this.store.get();
    this.chooseSet(
      chosen.includes(neuron) ? chosen.filter((one) => one !== neuron) : [...chosen, neuron],
    );
  }

  /** Redo detection with only the chosen neurons, without them, or with all. */
  setMode(mode: Mode): void {
    const { session, chosen } = this.store.get();
    if (!session) return;
    const positions = chosen.map((neuron) => session.place(neuron)).filter((place) => place >= 0);
    if (mode === "all") void this.#redo(WHOLE);
    else if (!positions.length) {
      this.say("The run selected none of the chosen neurons, so all take part.");
      void this.#redo(WHOLE);
    } else if (mode === "without" && positions.length === session.selected.length) {
      this.say("Without these no neuron is left, so all take part.");
      void this.#redo(WHOLE);
    } else void this.#redo({ mode, positions: positions.sort((a, b) => a - b) });
  }

  /** Judge by a point of a sweep: its axis, and its place there. */
  choosePoint(...positions: number[]): void {
    void this.#redo({ mode: "point", positions });
  }

  setThreshold(threshold: number): void {
    if (!Number.isFinite(threshold)) return;
    this.store.set({ threshold });
    this.#tellSoon();
  }

  /** The activations of the shown neuron, one per image: its maxima. */
  fires(): Float32Array | undefined {
    const { session, neuron, card } = this.store.get();
    if (!session || neuron === null) return undefined;
    const own = session.maxima(session.place(neuron));
    if (own) return own;
    const { site, index } = session.where(neuron);
    if (card?.header.site !== site || card.header.index !== index) return undefined;
    return card.arrays["maxima"] as Float32Array | undefined;
  }

  say(status: string): void {
    this.store.set({ status });
  }

  async #redo(subset: Subset): Promise<void> {
    const { session } = this.store.get();
    if (!session) return;
    this.store.set({ subset });
    const detected = this.#waitFor(this.source.detect(subset));
    void this.#loadPicture(); // asked for at once, so that the picture on screen comes first
    try {
      const { header, arrays } = await detected;
      const before = this.store.get();
      const moved = before.judged !== null && before.threshold !== before.judged.threshold;
      const whole = session.whole();
      const threshold =
        subset.mode === "all"
          ? whole.threshold
          : (header.threshold ?? before.judged?.threshold ?? whole.threshold);
      this.store.set({
        judged: {
          scores: arrays["scores"] as Float32Array,
          peaks: arrays["peaks"] as Int32Array | undefined,
          range: { ...whole.range, ...header.display_range },
          threshold,
        },
        threshold: moved && header.threshold === null ? before.threshold : threshold,
        status:
          subset.mode === "all"
            ? `All ${session.selected.length} neurons take part.`
            : subset.mode === "point"
              ? (header.note ?? "")
              : `Detection redone: ${subset.mode} ${subset.positions.length} of ` +
                `${session.selected.length} neurons. ${header.note ?? ""}`.trim(),
      });
      this.#tellSoon();
    } catch (error) {
      this.#failed(error, "status");
    }
  }

  async #loadPicture(): Promise<void> {
    const { image, subset } = this.store.get();
    if (image === null || !this.wants.pictures) return;
    const key = `${image} ${subset.mode} ${subset.positions.join()}`;
    try {
      let picture = this.#pictures.get(key);
      if (!picture) {
        const answer = await this.#waitFor(this.source.image(image, subset));
        const bytes = answer.arrays["picture"] as Uint8Array | undefined;
        const bitmap = bytes ? await this.#waitFor(this.#decode(bytes)) : null;
        picture = { answer, subset, bitmap };
        if (this.#closed) bitmap?.close();
      }
      this.#keep(this.#pictures, key, picture, KEPT_PICTURES, (old) => old.bitmap?.close());
      const now = this.store.get();
      if (now.image !== image || now.subset !== subset) return;
      const fused = picture.answer.arrays["fused"];
      const patch = now.patch ?? (fused ? argmax(fused) : null);
      this.store.set({ picture, pictureProblem: "", patch });
    } catch (error) {
      if (this.store.get().image === image) this.#failed(error, "pictureProblem");
    }
  }

  async #loadCard(): Promise<void> {
    const { session, neuron } = this.store.get();
    if (!session || neuron === null || !this.wants.neurons) return;
    const { site, index } = session.where(neuron);
    const show = (card: NeuronAnswer): void => {
      this.#keep(this.#cards, neuron, card, KEPT_CARDS);
      if (this.store.get().neuron === neuron) this.store.set({ card, cardProblem: "" });
    };
    try {
      const kept = this.#cards.get(neuron);
      if (kept) show(kept);
      else show(await this.#waitFor(this.source.neuron(site, index, show)));
    } catch (error) {
      if (this.store.get().neuron === neuron) this.#failed(error, "cardProblem");
    }
  }

  #failed(error: unknown, where: "status" | "pictureProblem" | "cardProblem"): void {
    if (error instanceof Stale) return;
    const sentence = (error as Error).message;
    this.store.set({
      [where]: sentence,
      ...(where === "pictureProblem" && { picture: null }),
      ...(where === "cardProblem" && { card: null }),
      ...(!this.store.get().gone && { status: sentence }),
    });
  }

  #peak(image: number): number | null {
    const { session, judged, sort, card } = this.store.get();
    if (!session) return null;
    const fires = sort === "neuron" ? card?.arrays["at"] : undefined;
    const places = fires ?? judged?.peaks;
    if (!places) return null;
    const patch = session.patchNumber(places[2 * image], places[2 * image + 1]);
    return patch < 0 ? null : patch;
  }

  /** Count what is waited for, and say so when it takes long. */
  async #waitFor<Value>(promise: Promise<Value>): Promise<Value> {
    this.store.set({ pending: this.store.get().pending + 1 });
    const slow = setTimeout(() => {
      if (this.source.kind === "kernel" && !this.#closed) {
        this.say("Waiting for the kernel; another cell may keep it busy.");
      }
    }, PATIENCE);
    try {
      return await promise;
    } finally {
      clearTimeout(slow);
      // Whoever waited goes on first, so that nothing looks finished before it is shown.
      queueMicrotask(() => this.store.set({ pending: this.store.get().pending - 1 }));
    }
  }

  #keep<Key, Value>(
    cache: Map<Key, Value>,
    key: Key,
    value: Value,
    most: number,
    drop?: (value: Value) => void,
  ): void {
    cache.delete(key);
    cache.set(key, value);
    for (const [oldest, old] of cache) {
      if (cache.size <= most) break;
      cache.delete(oldest);
      drop?.(old);
    }
  }

  #later(what: string, act: () => void): void {
    clearTimeout(this.#timers.get(what));
    this.#timers.set(what, setTimeout(act, SOON));
  }

  #choice(): string {
    const { session, chosen, neuron, image, patch, threshold, subset } = this.store.get();
    if (!session) return "";
    const neurons = chosen.length || neuron === null ? chosen : [neuron];
    return JSON.stringify({
      neurons: neurons.map((one) => session.name(one)),
      image,
      patch: patch === null ? null : session.patchAt(patch),
      threshold,
      ...(subset.mode === "point" && { point: subset.positions }),
    });
  }

  #tellSoon(): void {
    this.#later("chosen", () => {
      const choice = this.#choice();
      if (choice === this.#told || this.#closed) return;
      this.#told = choice;
      this.source.chosen(JSON.parse(choice));
    });
  }

  #pushed({ neurons, image, patch, threshold, point }: Pushed): void {
    const { session, judged } = this.store.get();
    if (!session) return;
    if (neurons) {
      const found = neurons.map((name) => session.find(name));
      const known = found.filter((neuron) => neuron >= 0);
      this.chooseSet(known);
      if (known.length) this.chooseNeuron(known[0]);
      const unknown = neurons.filter((_, at) => found[at] < 0);
      if (unknown.length) this.say(`There is no neuron ${unknown.join(", ")} here.`);
    }
    if (point?.length) this.choosePoint(...point);
    else if (point) this.setMode("all");
    if (threshold !== undefined) this.setThreshold(threshold ?? judged!.threshold);
    const number = patch ? session.patchNumber(patch[0], patch[1]) : -1;
    const place = number < 0 ? undefined : number;
    if (typeof image === "number") {
      if (image < 0 || image >= session.count) this.say(`There is no image ${image} here.`);
      else this.chooseImage(image, place);
    } else if (place !== undefined) this.choosePatch(place);
  }
}
