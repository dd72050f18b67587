// The built bundle in Chromium, over invented data. `npm run test:browser`; skips without Chromium.
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

async function opened(width = 1280) {
  const { page, errors } = await tool.open(width);
  await page.evaluate(() => harness.show(harness.SMALL));
  return { page, errors, settled: () => page.evaluate(() => harness.settled()) };
}

const chosen = (page) => page.evaluate(() => harness.kernels[0].chosen.at(-1));
const map = (page) => page.getByLabel(/^Map of neurons/);
const picture = (page) => page.locator("[aria-roledescription='picture with patches']");

async function lasso(page) {
  await map(page).scrollIntoViewIfNeeded();
  const box = await map(page).boundingBox();
  const to = (x, y) => page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  await page.getByRole("button", { name: "Draw around neurons" }).click();
  await to(0.53, 0.03);
  await page.mouse.down();
  for (const [x, y] of [[0.7, 0.03], [0.7, 0.14], [0.53, 0.14]]) await to(x, y);
  await page.mouse.up();
}

test("choosing a neuron, a patch or an image changes the other views and is told", { skip }, async () => {
  const { page, errors, settled } = await opened();
  const panel = page.getByRole("region", { name: "Neuron", exact: true });
  const bars = page.getByRole("list", { name: /by share/ });
  const [before, patchBars] = [await panel.innerText(), await bars.innerText()];
  await map(page).press("n");
  await settled();
  assert.notEqual(await panel.innerText(), before);
  assert.match(await panel.innerText(), /image AUROC\s+71\.0\s+\[60\.0, 82\.0\]/); // in percent, as the curves' areas
  await picture(page).press("ArrowLeft");
  await settled();
  assert.notEqual(await bars.innerText(), patchBars);
  await bars.getByRole("button").nth(3).click();
  await settled();
  assert.equal(await bars.getByRole("button").nth(3).getAttribute("aria-pressed"), "true");
  await page.getByRole("listbox", { name: "Images" }).press("ArrowDown");
  await settled();
  await page.waitForTimeout(120);
  const told = await chosen(page);
  const images = page.getByRole("listbox", { name: "Images" });
  assert.equal(await images.getByRole("option", { selected: true }).count(), 1);
  assert.equal(told.patch.length, 2);
  assert.match(told.neurons[0], /^blocks\.3\.hook_resid_post:\d+$/);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a lasso chooses neurons, and detection is redone with only these", { skip }, async () => {
  const { page, errors, settled } = await opened();
  const options = page.getByRole("listbox", { name: "Images" }).getByRole("option");
  const rows = async () => (await options.allInnerTexts()).slice(0, 8); // the list's height varies
  const before = await rows();
  assert.ok(await page.getByRole("radio", { name: "Only these" }).isDisabled());
  await lasso(page);
  await page.getByRole("radio", { name: "Only these" }).check({ force: true });
  await settled();
  const status = await page.getByRole("status").first().innerText();
  const [, taking] = status.match(/^Detection redone: only (\d+) of 100 neurons/);
  const shares = await page.getByRole("region", { name: "Patch" }).innerText();
  const bars = await page.getByRole("list", { name: /by share/ }).getByRole("button").count();
  assert.equal(bars, Math.min(12, taking));
  assert.equal(shares.match(/the other (\d+)/)?.[1], taking > 12 ? String(taking - 12) : undefined);
  assert.notDeepEqual(await rows(), before);
  await page.getByRole("radio", { name: "All neurons" }).check({ force: true });
  await settled();
  assert.deepEqual(await rows(), before);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("an image that Python has chosen before is in sight when it opens", { skip }, async () => {
  const { page, settled } = await opened();
  await page.getByRole("listbox", { name: "Images" }).press("End");
  await settled();
  await page.waitForTimeout(120);
  const { image } = await chosen(page);
  await page.evaluate(() => harness.close());
  await page.evaluate((last) => harness.show(harness.SMALL, (header) => {
    header.chosen = { image: last };
  }), image);
  await page.getByRole("listbox", { name: "Images" }).getByRole("option", { selected: true }).waitFor({ timeout: 2000 });
  await page.context().close();
});

test("the threshold moves counts, mistakes and sides together", { skip }, async () => {
  const { page, errors, settled } = await opened();
  const judge = page.getByRole("region", { name: "Threshold" });
  assert.match(await judge.innerText(), /No image has changed sides/);
  await judge.getByRole("slider").press("End");
  await settled();
  assert.match(await judge.innerText(), /17 images have changed sides/);
  assert.match(await page.getByRole("region", { name: "Images" }).innerText(), /17 mistakes/);
  await judge.getByRole("button", { name: /: now below/ }).first().click();
  await judge.getByRole("button", { name: "Reset" }).click();
  await settled();
  assert.match(await judge.innerText(), /No image has changed sides/);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("names never become markup", { skip }, async () => {
  const { page, errors, settled } = await opened();
  await page.getByRole("combobox", { name: "Sort images by" }).selectOption("name");
  await page.getByRole("listbox", { name: "Images" }).press("Home");
  await settled();
  assert.equal(await page.locator("main img, main b b, main b i, main script").count(), 0);
  assert.equal(await page.evaluate(() => globalThis.hit), undefined);
  assert.ok((await page.locator("main").innerText()).includes("<img src=x"));
  assert.ok((await page.locator("main h2").innerText()).includes("<b>tiles</b>"));
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("nothing is wider than the page at three widths", { skip }, async () => {
  for (const width of [1280, 700, 480]) {
    const { page } = await opened(width);
    const bars = await page.locator(".ne-histogram path").first().boundingBox();
    assert.ok(bars.width > 100, `the histogram of ${width} pixels is ${bars.width} wide`);
    const wide = await page.evaluate(() => {
      const right = document.querySelector("main").getBoundingClientRect().right;
      const clipped = (node) => node.closest("[role=listbox], .ne-hidden, svg") !== null;
      return [...document.querySelectorAll("main *")].filter(
        (node) => !clipped(node) && node.getBoundingClientRect().right > right + 1,
      ).map((node) => node.outerHTML.slice(0, 120));
    });
    assert.deepEqual(wide, [], String(width));
    await page.context().close();
  }
});

test("two explorers live side by side, and one that is closed leaves nothing", { skip }, async () => {
  const { page, errors } = await opened();
  await page.evaluate(() => harness.show(harness.SMALL));
  const ids = await page.evaluate(() => [...document.querySelectorAll("main [id]")].map((node) => node.id));
  assert.equal(new Set(ids).size, ids.length);
  await page.evaluate(() => harness.close());
  assert.equal(await page.locator("main .ne").count(), 1);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a kernel that died is said, and the views stay", { skip }, async () => {
  const { page, settled } = await opened();
  await page.evaluate(() => {
    harness.kernels[0].dead = true;
  });
  await page.getByRole("listbox", { name: "Images" }).press("ArrowDown");
  await settled();
  assert.match(await page.getByRole("alert").innerText(), /kernel is gone/);
  assert.ok(await page.getByRole("option").count() > 5);
  assert.ok(await page.getByRole("radio", { name: "Only these" }).isDisabled());
  await page.context().close();
});

test("a saved file opens from disk without a network, and redoes detection", { skip }, async () => {
  const { page } = await opened();
  const text = await page.evaluate(() => harness.file(12));
  await page.context().close();
  const folder = await mkdtemp(`${tmpdir()}/explorer-`);
  await writeFile(`${folder}/file.html`, text);
  const context = await tool.browser.newContext({ offline: true, viewport: { width: 1280, height: 1000 } });
  const file = await context.newPage();
  const errors = [];
  file.on("pageerror", (error) => errors.push(String(error)));
  file.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await file.goto(pathToFileURL(`${folder}/file.html`).href);
  await file.locator("[aria-busy=false]").waitFor();
  await lasso(file);
  await file.getByRole("radio", { name: "Without these" }).check({ force: true });
  await file.getByRole("status").filter({ hasText: /^Detection redone: without/ }).waitFor();
  assert.match(await file.getByRole("listbox", { name: "Images" }).innerText(), /scratch/);
  await file.getByRole("listbox", { name: "Images" }).press("End");
  await file.getByText("This file holds the pictures of 12 of 50 images.").first().waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});
