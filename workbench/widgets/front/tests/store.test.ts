import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../src/store.ts";

const made = () => new Store<{ a: number; b: number; c: string }>({ a: 0, b: 0, c: "" });

test("several changes are told once, after all of them", async () => {
  const store = made();
  const seen: [number, number][] = [];
  store.watch(["a", "b"], ({ a, b }) => seen.push([a, b]));
  store.set({ a: 1 });
  store.set({ b: 2 });
  assert.deepEqual(seen, []);
  await Promise.resolve();
  assert.deepEqual(seen, [[1, 2]]);
});

test("what stays the same is not told, nor what nobody watches", () => {
  const store = made();
  let told = 0;
  store.watch(["a"], () => told++);
  store.set({ a: 0, c: "x" });
  store.flush();
  assert.equal(told, 0);
  assert.equal(store.get().c, "x");
});

test("who stopped watching hears no more, also within one telling", () => {
  const store = made();
  let told = 0;
  const stop = store.watch(["a"], () => told++);
  store.watch(["a"], () => stop());
  store.set({ a: 1 });
  store.flush();
  store.set({ a: 2 });
  store.flush();
  assert.equal(told, 1);
});

test("a change made while telling is told too", async () => {
  const store = made();
  const seen: number[] = [];
  store.watch(["a"], ({ a }) => store.set({ b: a + 1 }));
  store.watch(["b"], ({ b }) => seen.push(b));
  store.set({ a: 1 });
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(seen, [2]);
});

test("one view that fails does not keep the others from being told", () => {
  const store = made();
  const reported: unknown[] = [];
  globalThis.reportError = (error) => reported.push(error);
  let told = 0;
  store.watch(["a"], () => {
    throw new Error("broken view");
  });
  store.watch(["a"], () => told++);
  store.set({ a: 1 });
  store.flush();
  assert.equal(told, 1);
  assert.equal(reported.length, 1);
});
