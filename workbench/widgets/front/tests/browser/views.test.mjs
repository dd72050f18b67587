// The views beside the explorer in Chromium, over invented data. `npm run test:browser`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { findChromium, harness as launch } from "../../testing/browser.mjs";

const skip = findChromium() ? false : "no Chromium here (set CHROMIUM to its path)";
let tool;
before(async () => {
  if (!skip) tool = await launch();
});
after(() => tool?.close());

async function opened(view, width = 1280, prepare = () => {}) {
  const { page, errors } = await tool.open(width);
  await page.evaluate(
    ([name, act]) => harness.show(harness.SMALL, () => {}, name, (0, eval)(act)),
    [view, `(${prepare})`],
  );
  return { page, errors, settled: () => page.evaluate(() => harness.settled()) };
}

/** Open a file from disk without a network; `errors` are what the page complains of. */
async function fromDisk(text) {
  const folder = await mkdtemp(`${tmpdir()}/views-`);
  await writeFile(`${folder}/file.html`, text);
  const context = await tool.browser.newContext({ offline: true, viewport: { width: 1280, height: 1000 } });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(pathToFileURL(`${folder}/file.html`).href);
  await page.locator("[aria-busy=false]").waitFor();
  return { page, errors, close: () => context.close() };
}

test("the threshold view shows the PRO curve beside ROC and precision-recall", { skip }, async () => {
  const { page, errors } = await opened("threshold");
  const figure = page.locator("figure").filter({ hasText: "PRO" });
  assert.match(await figure.innerText(), /AUPRO 87\.3/);
  assert.equal(await figure.getByRole("img").getAttribute("aria-label"), "PRO, AUPRO 87.3");
  const path = await figure.locator("path").getAttribute("d");
  assert.ok(path.split("L").length === 40 && path.endsWith("L126.0 8.2"), path);
  assert.equal(await page.locator("figure").count(), 3);
  assert.equal(await page.evaluate(() => harness.kernels[0].sent.includes("neuron")), false);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("without masks one line says why there is no PRO curve", { skip }, async () => {
  const { page, errors } = await opened("threshold", 480, (kernel) => {
    kernel.noMasks = true;
  });
  const figure = page.locator("figure").filter({ hasText: "PRO" });
  assert.match(await figure.innerText(), /none\s+17 of the 17 anomalous images have no mask\./);
  assert.equal(await figure.locator("path").getAttribute("d"), "");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a saved threshold view holds its PRO curve", { skip }, async () => {
  const { page } = await opened("threshold");
  const text = await page.evaluate(() => harness.file(12, "threshold"));
  await page.context().close();
  const file = await fromDisk(text);
  await file.page.locator("figure").filter({ hasText: "AUPRO 87.3" }).waitFor();
  assert.deepEqual(file.errors, []);
  await file.close();
});
