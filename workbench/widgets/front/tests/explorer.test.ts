import assert from "node:assert/strict";
import { test } from "node:test";
import { Explorer } from "../src/explorer.ts";
import { NeuronField } from "../src/neuron_field.ts";
import { decodeParcel } from "../src/parcel.ts";
import { Session } from "../src/session.ts";
import type { Chosen, Listener, Open, Source, Subset } from "../src/source.ts";
import { encode, HOSTILE, type Parcel, type Size, World } from "../testing/invented.ts";

const SIZE: Size = { images: 7, grid: 4, sites: 3, neurons: 40, selected: 8, support: 2 };
const SITE = "blocks.1.hook_resid_post";
const nothing = async () => new Uint8Array(0);
const read = <Header>(parcel: Parcel) => {
  const { specs, bytes } = encode(parcel);
  return decodeParcel(parcel.header as Header, specs, bytes);
};
const rest = (milliseconds = 5) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** An explorer over invented data, and what it said to the other side. */
async function explorer(change: (header: Record<string, unknown>) => void = () => {}) {
  const world = new World(SIZE, nothing, nothing);
  const told: Chosen[] = [];
  const detected: Subset[] = [];
  let listener: Listener | undefined;
  const opened = await world.open();
  change(opened.header);
  const source: Source = {
    kind: "kernel",
    open: async () => read(opened),
    image: async (index, subset) => read(await world.image(index, subset)),
    neuron: async (site, index) => read(await world.neuron(site, index)),
    detect: async (subset) => {
      detected.push(subset);
      return read(world.detect(subset));
    },
    thumbs: nothing,
    extra: () => Promise.reject(new Error("nothing")),
    chosen: (choice) => told.push(choice),
    listen: (one) => {
      listener = one;
    },
    close: () => {},
  };
  const made = new Explorer(source, async () => null, { neurons: true, pictures: true });
  await made.start();
  await rest();
  return { made, world, told, detected, source, listener: listener as unknown as Listener, get: () => made.store.get() };
}

test("it opens on the image with the highest score, at its peak, and on the first neuron", async () => {
  const { get, made } = await explorer();
  const { session, image, patch, neuron, picture, card } = get();
  assert.equal(image, session?.scores.indexOf(Math.max(...session.scores)));
  assert.equal(picture?.answer.header.index, image);
  const fused = picture?.answer.arrays["fused"] as Float32Array;
  assert.equal(fused[patch ?? -1], Math.max(...fused));
  assert.equal(neuron, session?.selected[0]);
  assert.equal(card?.header.index, session?.where(neuron ?? -1).index);
  assert.equal(get().pending, 0);
  made.close();
});

test("what is chosen is told once, in Python's words", async () => {
  const { made, told, get } = await explorer();
  await rest(100);
  told.length = 0;
  made.chooseImage(2, 5);
  made.chooseSet([0, 41]);
  made.setThreshold(0.25);
  await rest(100);
  assert.deepEqual(told, [
    { neurons: ["blocks.0.hook_resid_post:0", `${SITE}:1`], image: 2, patch: [1, 1], threshold: 0.25 },
  ]);
  assert.equal(get().picture?.answer.header.index, 2);
  made.close();
});

test("a set that works on detection redoes it, and an empty one brings all back", async () => {
  const { made, detected, get } = await explorer();
  const { session } = get();
  made.chooseSet([session?.selected[2] ?? 0, session?.selected[0] ?? 0, 1]);
  assert.equal(detected.length, 0);
  made.setMode("only");
  await rest(20);
  assert.deepEqual(detected[0], { mode: "only", positions: [0, 2] });
  assert.deepEqual(get().picture?.subset, detected[0]);
  assert.notDeepEqual(get().judged?.scores, session?.scores);
  made.chooseSet([]);
  await rest(120);
  assert.equal(get().subset.mode, "all");
  made.close();
});

test("neurons that the run did not select, or all of them, cannot be used alone or left out", async () => {
  const { made, get } = await explorer();
  made.chooseSet([0, 1]);
  made.setMode("only");
  await rest(20);
  assert.equal(get().subset.mode, "all");
  made.chooseSet(get().session?.selected ?? []);
  made.setMode("without");
  await rest(20);
  assert.equal(get().subset.mode, "all");
  made.close();
});

test("Python's choices are followed, and unknown ones are answered with a sentence", async () => {
  const { made, listener, get } = await explorer();
  listener.pushed({ neurons: [`${SITE}:5`], image: 3, patch: [2, 1], threshold: 0.5 });
  await rest(20);
  const { session, image, patch, neuron, threshold, chosen } = get();
  assert.deepEqual([image, patch, threshold], [3, 9, 0.5]);
  assert.equal(session?.name(neuron ?? -1), `${SITE}:5`);
  assert.deepEqual(chosen, [45]);
  listener.pushed({ neurons: ["nowhere:5"] });
  assert.match(get().status, /nowhere:5/);
  listener.pushed({ image: 70 });
  assert.match(get().status, /70/);
  assert.equal(get().image, 3);
  made.close();
});

test("what Python chose before anything was shown is shown first", async () => {
  const { made, get } = await explorer((header) => {
    header["chosen"] = { neurons: [`${SITE}:3`, `${SITE}:4`], image: 2, patch: null, threshold: null };
  });
  await rest();
  assert.deepEqual(get().chosen, [43, 44]);
  assert.equal(get().image, 2);
  assert.equal(get().picture?.answer.header.index, 2);
  assert.equal(get().threshold, get().judged?.threshold);
  made.close();
});

test("a kernel that has gone is said, and what is on screen stays", async () => {
  const { made, listener, get } = await explorer();
  const before = get();
  listener.gone("The kernel is gone.");
  assert.equal(get().gone, "The kernel is gone.");
  assert.equal(get().picture, before.picture);
  assert.equal(get().session, before.session);
  made.close();
});

test("an error is shown where it belongs, and the next choice clears it", async () => {
  const { made, source, get } = await explorer();
  const image = source.image;
  source.image = async () => {
    throw new Error("The picture is missing.");
  };
  made.chooseImage(4);
  await rest();
  assert.equal(get().pictureProblem, "The picture is missing.");
  assert.equal(get().picture, null);
  source.image = image;
  made.chooseImage(5);
  await rest();
  assert.equal(get().pictureProblem, "");
  assert.equal(get().picture?.answer.header.index, 5);
  made.close();
});

test("a slow answer for an image that is no longer shown changes nothing", async () => {
  const { made, source, get } = await explorer();
  const image = source.image;
  source.image = async (index, subset) => {
    await rest(index === 1 ? 40 : 1);
    return image(index, subset);
  };
  made.chooseImage(1);
  made.chooseImage(6);
  await rest(80);
  assert.equal(get().picture?.answer.header.index, 6);
  assert.equal(get().image, 6);
  made.close();
});

test("data of another version, or that do not fit, say so instead of opening", async () => {
  const { get } = await explorer((header) => {
    header["schema"] = 2;
  });
  assert.equal(get().phase, "failed");
  assert.match(get().problem, /version 2/);
  const short = await explorer((header) => {
    header["sites"] = [];
  });
  assert.equal(short.get().phase, "failed");
});

test("no images and no selected neuron are no error", async () => {
  const world = new World({ ...SIZE, images: 0 }, nothing, nothing);
  const opened = await world.open();
  opened.header["selected"] = [];
  const session = new Session(read(opened) as Open);
  assert.equal(session.count, 0);
  assert.deepEqual(session.selected, []);
  assert.equal(session.place(3), -1);
});

test("a neuron's name and number lead to one another, whatever the site is called", async () => {
  const { get, made } = await explorer((header) => {
    (header["sites"] as { site: string }[])[0].site = HOSTILE + ":7";
  });
  const { session } = get();
  assert.ok(session);
  for (const neuron of [0, 39, 40, 119]) assert.equal(session.find(session.name(neuron)), neuron);
  for (const name of ["", "x", `${SITE}:40`, `${SITE}:-1`, `${SITE}:a`, `${SITE}:1.5`]) assert.equal(session.find(name), -1);
  made.close();
});

test("keys walk the map: by sensitivity, across layers, and through the run's neurons", async () => {
  const { get, made } = await explorer();
  const session = get().session as Session;
  const field = new NeuronField(session);
  const top = field.step(session.site(1)[0], "Home") as number;
  assert.equal(field.rank(top), 1);
  assert.equal(field.rank(field.step(top, "ArrowDown") as number), 2);
  assert.equal(field.step(top, "ArrowUp"), top);
  assert.equal(field.rank(field.step(top, "End") as number), 40);
  const right = field.step(top, "ArrowRight") as number;
  assert.equal(session.where(right).column, 2);
  assert.equal(field.step(right, "ArrowRight"), right);
  assert.equal(field.step(session.selected[7], "n"), session.selected[0]);
  assert.equal(field.step(session.selected[0], "p"), session.selected[7]);
  assert.equal(field.step(top, "x"), undefined);
  made.close();
});

test("a neuron that never varies stands on the floor of the map", async () => {
  const { get, made } = await explorer();
  const session = get().session as Session;
  assert.equal(session.sensitivity[5], 0);
  assert.equal(new NeuronField(session).grid.y[5], 1);
  made.close();
});
