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
  assert.equal(await page.getByRole("radio").count(), 0); // which neurons take part is the explorer's to choose
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

const slider = (page, name) => page.getByRole("slider", { name });

test("a point of a sweep changes list, picture and threshold, and is told; the run's own is gone back to", { skip }, async () => {
  const { page, errors, settled } = await opened("sweep");
  const top = async () => (await page.locator("[role=option]").allInnerTexts()).slice(0, 5); // the list's height varies
  const before = await top();
  assert.match(await slider(page, "text weight").getAttribute("aria-valuetext"), /^0\.3, 9\d\.\d \[/);
  await slider(page, /^K, the number/).press("ArrowLeft");
  await settled();
  await page.waitForTimeout(150);
  assert.deepEqual(await page.evaluate(() => harness.kernels[0].chosen.at(-1).point), [0, 5]);
  assert.equal(await page.getByRole("status").first().innerText(), "Point 0 5.");
  assert.notDeepEqual(await top(), before);
  assert.equal(await page.locator(".ne-chosen-point").count(), 1);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "K, the number of neurons");
  await page.getByRole("button", { name: "Go back to the run’s own setting" }).click();
  await settled();
  await page.waitForTimeout(150);
  assert.equal(await page.evaluate(() => harness.kernels[0].chosen.at(-1).point), undefined);
  assert.deepEqual(await top(), before);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a click chooses the point below it, and another metric is drawn", { skip }, async () => {
  const { page, errors, settled } = await opened("sweep");
  const chart = page.locator("figure").filter({ hasText: "text weight" }).locator("svg");
  const path = await chart.locator("path").getAttribute("d");
  const box = await chart.boundingBox();
  await chart.click({ position: { x: (36 + 246 * (8.5 / 11)) * (box.width / 290), y: 30 } });
  await settled();
  await page.waitForTimeout(150);
  assert.deepEqual(await page.evaluate(() => harness.kernels[0].chosen.at(-1).point), [1, 8]);
  await page.getByRole("combobox", { name: "Show" }).selectOption("ap");
  assert.notEqual(await chart.locator("path").getAttribute("d"), path);
  assert.match(await page.getByRole("region", { name: "Settings", exact: true }).innerText(), /Labels judge the points and choose none/);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("points that are not worked out yet cannot be chosen, work is paused and gone on with, names stay text", { skip }, async () => {
  const { page, errors, settled } = await opened("sweep", 480, (kernel) => {
    kernel.done = 12;
  });
  const region = page.getByRole("region", { name: "Settings", exact: true });
  assert.match(await region.innerText(), /12 of 35 figures are worked out …/);
  await slider(page, "layer").press("ArrowRight");
  await settled();
  assert.match(await page.getByRole("status").first().innerText(), /is not worked out yet/);
  assert.equal(await slider(page, "layer").inputValue(), "5");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Go on" }).waitFor();
  assert.match(await region.innerText(), /; paused\./);
  assert.ok((await region.innerText()).includes("<img src=x"));
  assert.equal(await page.locator("main img").count(), 0);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a saved sweep shows its points, and the scores of those that are in it", { skip }, async () => {
  const { page } = await opened("sweep");
  const text = await page.evaluate(() => harness.file(12, "sweep"));
  await page.context().close();
  const { page: file, errors, close } = await fromDisk(text);
  const before = await file.getByRole("listbox").innerText();
  const k = slider(file, /^K, the number/);
  await k.fill("2");
  await file.locator("[aria-busy=false]").waitFor();
  await file.waitForTimeout(200);
  assert.notEqual(await file.getByRole("listbox").innerText(), before);
  assert.deepEqual(errors, []);
  await close();
});

test("two runs are compared: an image is chosen in the scatter, and both pictures follow", { skip }, async () => {
  const { page, errors, settled } = await opened("compare");
  const pictures = page.locator(".ne-picture-name");
  const dots = page.locator(".ne-plane .ne-defective");
  const last = (await dots.getAttribute("d")).match(/M([\d.]+) ([\d.]+)h0/).slice(1).map(Number);
  const box = await page.locator(".ne-plane").boundingBox();
  await page.locator(".ne-plane").click({ position: { x: (last[0] / 320) * box.width, y: (last[1] / 320) * box.height } });
  await settled();
  await page.waitForTimeout(150);
  const image = await page.evaluate(() => harness.kernels[0].chosen.findLast((one) => !one.side).image);
  const names = await pictures.allInnerTexts();
  assert.equal(names[0], names[1]);
  assert.ok(names[0].endsWith(`/${image}.png`), names[0]);
  assert.match(await page.locator(".ne-plane").getAttribute("aria-label"), new RegExp(`chosen is test/scratch/${image}.png`));
  await page.getByRole("listbox", { name: "Images" }).press("Home");
  await settled();
  assert.equal(new Set(await pictures.allInnerTexts()).size, 1);
  await page.getByRole("slider").first().press("End");
  assert.equal(await page.locator(".ne-second input[type=range]").inputValue(), "1");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("what only one run catches is listed, and leads to the image; names stay text", { skip }, async () => {
  const { page, errors, settled } = await opened("compare", 480);
  const caught = page.getByRole("region", { name: "caught by only four shots" });
  assert.match(await caught.innerText(), /^6 caught by only four shots/);
  const tile = caught.getByRole("button").last();
  const name = (await tile.getAttribute("aria-label")).split(":")[0];
  await tile.click();
  await settled();
  assert.deepEqual(await page.locator(".ne-picture-name").allInnerTexts(), [name, name]);
  const facts = await page.getByRole("region", { name: "Comparison", exact: true }).innerText();
  assert.match(facts, /four shots 4 normal images; 100 neurons\./);
  assert.match(facts, /difference\s+4\.0\s+\[−1\.0, 9\.0\]/);
  assert.match(facts, /holds 0: these 50 images do not tell the two apart/);
  assert.match(await page.locator(".ne-overlap").getAttribute("aria-label"), /^31 only four shots, 69 both, 31 only <img/);
  assert.equal(await page.locator("main img").count(), 0);
  assert.equal(await page.evaluate(() => globalThis.hit), undefined);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("neurons of two places are not compared, and the view says so", { skip }, async () => {
  const { page, errors } = await opened("compare", 700, (kernel) => {
    kernel.apart = true;
  });
  assert.match(await page.getByRole("region", { name: "Comparison", exact: true }).innerText(), /are not the same neurons/);
  assert.ok(await page.locator(".ne-overlap").isHidden());
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a saved comparison holds both runs", { skip }, async () => {
  const { page } = await opened("compare");
  const text = await page.evaluate(() => harness.file(50, "compare"));
  await page.context().close();
  const { page: file, errors, close } = await fromDisk(text);
  await file.getByRole("listbox", { name: "Images" }).press("End");
  await file.locator("[aria-busy=false]").waitFor();
  assert.equal(new Set(await file.locator(".ne-picture-name").allInnerTexts()).size, 1);
  assert.equal(await file.locator(".ne-stage canvas:visible").count(), 2);
  assert.deepEqual(errors, []);
  await close();
});
