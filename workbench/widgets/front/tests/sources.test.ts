import assert from "node:assert/strict";
import { test } from "node:test";
import { FileSource } from "../src/file_source.ts";
import { KernelSource, type Model } from "../src/kernel_source.ts";
import { sharesAt, takingPart } from "../src/detection.ts";
import { type ImageAnswer, type NeuronAnswer, Stale, WHOLE } from "../src/source.ts";
import { encode, Half, type Parcel, type Size, World } from "../testing/invented.ts";

/** A model whose kernel answers when the test says so. */
class FakeModel {
  readonly sent: { id: number; ask: string; [key: string]: unknown }[] = [];
  readonly handlers = new Map<string, ((...given: unknown[]) => void)[]>();
  broken = false;
  get(): unknown {
    return undefined;
  }
  send(content: never): void {
    if (this.broken) throw new Error("disposed");
    this.sent.push(content);
  }
  on(event: string, handler: never): void {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler]);
  }
  off(event: string, handler: unknown): void {
    this.handlers.set(event, (this.handlers.get(event) ?? []).filter((one) => one !== handler));
  }
  tell(event: string, ...given: unknown[]): void {
    for (const handler of this.handlers.get(event) ?? []) handler(...given);
  }
  answer(id: number, header: object, arrays: Parcel["arrays"] = {}, extra: object = {}): void {
    const { specs, bytes } = encode({ header: {}, arrays });
    this.tell("msg:custom", { id, header, arrays: specs, ...extra }, bytes.map((one) => new DataView(one.buffer)));
  }
}

const kernel = () => {
  const model = new FakeModel();
  return { model, source: new KernelSource(model as unknown as Model, 0, 0) };
};

test("an answer finds the question with its id, and its arrays are read", async () => {
  const { model, source } = kernel();
  const asked = source.image(4, WHOLE);
  assert.deepEqual(model.sent[0], { id: 1, ask: "image", index: 4 });
  model.answer(1, { index: 4 }, { fused: Float32Array.of(1, 2) });
  assert.deepEqual([...((await asked).arrays["fused"] ?? [])], [1, 2]);
});

test("a newer question of the same kind makes the older answer stale", async () => {
  const { model, source } = kernel();
  const first = source.image(1, WHOLE);
  const other = source.neuron("s", 0, () => {});
  const second = source.image(2, WHOLE);
  await assert.rejects(first, Stale);
  model.answer(1, { index: 1 });
  model.answer(3, { index: 2 });
  model.answer(2, { site: "s" });
  assert.equal((await second).header.index, 2);
  assert.equal((await other).header.site, "s");
});

test("two views of one model do not take each other's answers", async () => {
  const model = new FakeModel();
  const views = [1, 2].map(() => new KernelSource(model as unknown as Model));
  const asked = views.map((view, at) => view.image(at, WHOLE));
  const ids = model.sent.map(({ id }) => id);
  assert.notEqual(ids[0], ids[1]);
  model.answer(ids[1], { index: 1 });
  model.answer(ids[0], { index: 0 });
  assert.deepEqual((await Promise.all(asked)).map(({ header }) => header.index), [0, 1]);
});

test("thumbnails are not overtaken by one another", async () => {
  const { model, source } = kernel();
  const both = Promise.all([source.thumbs(0), source.thumbs(1)]);
  model.answer(2, { part: 1 }, { thumbs: Uint8Array.of(2) });
  model.answer(1, { part: 0 }, { thumbs: Uint8Array.of(1) });
  assert.deepEqual((await both).map((bytes) => bytes[0]), [1, 2]);
});

test("a second answer fills up the first", async () => {
  const { model, source } = kernel();
  const fuller: NeuronAnswer[] = [];
  const asked = source.neuron("s", 3, (answer) => fuller.push(answer));
  model.answer(1, { site: "s", rank: 1 }, { maxima: Float32Array.of(5) }, { more: true });
  assert.equal((await asked).header.rank, 1);
  model.answer(1, { silenced: { value: 1, low: 0, high: 2 } });
  assert.equal(fuller[0].header.rank, 1);
  assert.equal(fuller[0].header.silenced?.value, 1);
  assert.equal(fuller[0].arrays["maxima"]?.[0], 5);
});

test("an error is one sentence, and bytes that do not fit are an error", async () => {
  const { model, source } = kernel();
  const asked = source.image(9, WHOLE);
  model.tell("msg:custom", { id: 1, error: "The picture is missing." }, []);
  await assert.rejects(asked, /The picture is missing/);
  const wrong = source.open();
  model.tell("msg:custom", { id: 2, header: {}, arrays: [{ name: "a", dtype: "int32", shape: [1] }] }, []);
  await assert.rejects(wrong, /1 arrays.*0 came/);
});

test("a subset goes along with the question, and the whole is no subset", () => {
  const { model, source } = kernel();
  const ignore = () => undefined;
  source.detect({ mode: "without", positions: [2] }).catch(ignore);
  source.image(0, { mode: "without", positions: [2] }).catch(ignore);
  source.detect(WHOLE).catch(ignore);
  assert.deepEqual(model.sent.map(({ id: _, ...rest }) => rest), [
    { ask: "detect", mode: "without", positions: [2] },
    { ask: "image", index: 0, subset: { mode: "without", positions: [2] } },
    { ask: "detect", mode: "only", positions: [] },
  ]);
  source.close();
});

for (const [how, lose] of [
  ["its comm closes", (model: FakeModel) => model.tell("destroy")],
  ["it is disconnected", (model: FakeModel) => model.tell("comm_live_update")],
] as const) {
  test(`a kernel is gone when ${how}: said once, and what waits is refused`, async () => {
    const { model, source } = kernel();
    const said: string[] = [];
    source.listen({ pushed: () => {}, gone: (sentence) => said.push(sentence) });
    const waiting = source.open();
    lose(model);
    lose(model);
    await assert.rejects(waiting, /kernel is gone/);
    await assert.rejects(source.image(0, WHOLE), /kernel is gone/);
    assert.equal(said.length, 1);
  });
}

test("a kernel is gone when nothing can be sent to it", async () => {
  const { model, source } = kernel();
  model.broken = true;
  await assert.rejects(source.open(), /kernel is gone/);
});

test("what Python pushes is passed on, and nothing is heard after closing", () => {
  const { model, source } = kernel();
  const pushed: unknown[] = [];
  source.listen({ pushed: (choice) => pushed.push(choice.image), gone: () => {} });
  model.tell("msg:custom", { push: "choose", image: 3 }, []);
  source.close();
  model.tell("msg:custom", { push: "choose", image: 4 }, []);
  assert.deepEqual(pushed, [3]);
});

const SIZE: Size = { images: 6, grid: 4, sites: 2, neurons: 30, selected: 12, support: 2 };

async function file(pictures: number) {
  const nothing = async () => new Uint8Array(0);
  const world = new World(SIZE, nothing, nothing);
  const parcels: unknown[] = [];
  const all: number[] = [9]; // one byte ahead, so that nothing is aligned
  const add = (key: string, parcel: Parcel): void => {
    const { specs, bytes } = encode(parcel);
    const arrays = specs.map((spec, at) => {
      const offset = all.length;
      all.push(...bytes[at]);
      return { ...spec, offset };
    });
    parcels.push({ key, header: parcel.header, arrays });
  };
  add("open", await world.open());
  for (let i = 0; i < pictures; i++) add(`image:${i}`, await world.image(i, undefined, true));
  add("gallery", {
    header: {},
    arrays: { gallery: new Half(world.gallery) },
    shapes: { gallery: [world.gallery.length / 12, 12] },
  });
  const base64 = Buffer.from(all).toString("base64");
  return { world, source: new FileSource(JSON.stringify({ parcels }), base64) };
}

test("a file redoes detection as the whole data would", async () => {
  const { world, source } = await file(5);
  await source.open();
  const subset = { mode: "only", positions: [0, 3, 7] } as const;
  const { arrays } = await source.detect(subset);
  for (let image = 0; image < 5; image++) {
    const { visual } = world.judged(image, subset);
    assert.ok(Math.abs((arrays["scores"]?.[image] ?? 0) - Math.max(...visual)) < 1e-6);
  }
  assert.ok(Number.isNaN(arrays["scores"]?.[5]), "a picture that is not in the file has no score");
});

test("a file's shares sum to the visual score, for all neurons and for some", async () => {
  const { source } = await file(2);
  await source.open();
  for (const subset of [WHOLE, { mode: "without", positions: [1, 2] } as const]) {
    const { arrays }: ImageAnswer = await source.image(0, subset);
    const places = takingPart(subset, 12);
    for (let p = 0; p < 16; p++) {
      const shares = sharesAt(arrays["features"] as Float32Array, arrays["nearest"] as Float32Array, 12, places, p);
      const sum = shares.reduce((total, share) => total + share, 0);
      assert.ok(Math.abs(sum - (arrays["visual"]?.[p] ?? NaN)) < 1e-6);
    }
  }
});

test("in a file too the newest question wins, and what is missing says so", async () => {
  const { source } = await file(2);
  await source.open();
  const first = source.image(0, WHOLE);
  const second = source.image(1, WHOLE);
  await assert.rejects(first, Stale);
  assert.equal((await second).header.index, 1);
  await assert.rejects(source.image(5, WHOLE), /not in the file/);
  await assert.rejects(source.neuron("blocks.1.hook_resid_post", 1, () => {}), /selected/);
  const detect = source.detect({ mode: "only", positions: [1] });
  const again = source.detect({ mode: "only", positions: [2] });
  await assert.rejects(detect, Stale);
  await again;
});

test("what only some views ask for is asked by its name, and told as far as it is", async () => {
  const { model, source } = kernel();
  const told: number[] = [];
  const first = source.extra<{ done: number }>("pro", ({ header }) => told.push(header.done));
  assert.deepEqual(model.sent[0], { id: 1, ask: "pro" });
  model.answer(1, { done: 0 }, {}, { more: true });
  assert.equal((await first).header.done, 0);
  model.answer(1, { done: 4 }, {}, { more: true });
  model.answer(1, { done: 8 });
  model.answer(1, { done: 12 });
  assert.deepEqual(told, [4, 8]);
});

test("of several runs the one that is meant is said, and found in a file by its key", async () => {
  const model = new FakeModel();
  const source = new KernelSource(model as unknown as Model, 1, 0);
  void source.image(4, WHOLE).catch(() => {});
  assert.deepEqual(model.sent[0], { id: 1, ask: "image", index: 4, side: 1 });
  const headers = JSON.stringify({
    parcels: [0, 1].map((side) => ({ key: side ? "1:pro" : "pro", header: { side }, arrays: [] })),
  });
  for (const side of [0, 1]) {
    assert.deepEqual((await new FileSource(headers, "", side).extra("pro")).header, { side });
  }
  await assert.rejects(new FileSource(headers, "", 1).extra("other"), /not in the file/);
});
