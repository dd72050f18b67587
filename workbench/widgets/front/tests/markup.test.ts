import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const sources = (folder: URL): [string, string][] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [name, readFileSync(new URL(name, folder), "utf8")]);

test("no source makes markup of text", () => {
  const found = sources(new URL("../src/", import.meta.url));
  assert.ok(found.length > 15);
  for (const [name, text] of found) {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|new Function/, name);
  }
});

test("nothing is fetched from anywhere", () => {
  for (const [name, text] of sources(new URL("../src/", import.meta.url))) {
    assert.doesNotMatch(text.replaceAll(/http:\/\/www\.w3\.org\/\w+\/\w+/g, ""), /https?:|\bfetch\(|XMLHttpRequest|WebSocket/, name);
  }
});
