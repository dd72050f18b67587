// Measures the explorer in Chromium with invented data, and takes pictures of it.
// `node testing/harness.mjs FOLDER` writes screenshots there; figures go to the standard output.
import { mkdir, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { harness } from "./browser.mjs";

const out = process.argv[2] ?? "harness-out";
const only = process.argv[3] ?? "all";
await mkdir(out, { recursive: true });
const tool = await harness();
const problems = [];
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.ceil(q * values.length) - 1];

async function latency(name, size) {
  const { page, errors } = await tool.open(1280);
  const opened = await page.evaluate((which) => harness.show(harness[which]), size);
  const figures = await page.evaluate(async () => {
    const kernel = harness.kernels[0];
    const root = document.querySelector("main > div:last-child > section");
    const world = kernel.world;
    const site = `blocks.${Math.floor(world.size.sites / 2)}.hook_resid_post`;
    const images = Array.from({ length: 12 }, (_, i) => (i * 4 + 1) % world.size.images);
    await kernel.warm(images, world.selected.slice(0, 60).map((index) => [site, index]));
    const times = { neuron: [], neuronSorted: [], patch: [], image: [] };
    const map = root.querySelector("[aria-roledescription='map of neurons']");
    const picture = root.querySelector("[aria-roledescription='picture with patches']");
    const key = (target, name) => target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
    for (let i = 0; i < 60; i++) times.neuron.push(await harness.timed(() => key(map, "n")));
    const select = root.querySelector("select[aria-label='Sort images by']");
    select.value = "neuron";
    select.dispatchEvent(new Event("change"));
    for (let i = 0; i < 60; i++) times.neuronSorted.push(await harness.timed(() => key(map, "n")));
    for (let i = 0; i < 60; i++) {
      const box = picture.getBoundingClientRect();
      const [x, y] = [box.left + ((i * 37) % 97) / 97 * box.width, box.top + ((i * 53) % 89) / 89 * box.height];
      times.patch.push(await harness.timed(() => picture.dispatchEvent(new MouseEvent("click", { clientX: x, clientY: y, bubbles: true }))));
    }
    const list = root.querySelector("[role=listbox]");
    for (let i = 0; i < 20; i++) times.image.push(await harness.timed(() => key(list, i % 2 ? "ArrowUp" : "ArrowDown")));
    return times;
  });
  const line = Object.entries(figures).map(([what, times]) =>
    `${what}: median ${quantile(times, 0.5).toFixed(0)}, p95 ${quantile(times, 0.95).toFixed(0)} ms`);
  console.log(`${name}: opened in ${opened.toFixed(0)} ms (data invented meanwhile); ${line.join("; ")}`);
  problems.push(...errors.map((error) => `${name}: ${error}`));
  await page.context().close();
}

async function shots() {
  for (const theme of ["light", "dark"]) {
    for (const width of [1280, 700, 480]) {
      const { page, errors } = await tool.open(width, theme);
      await page.evaluate(() => harness.show(harness.SMALL));
      if (width === 1280) await lasso(page);
      await page.screenshot({ path: `${out}/${theme}-${width}.png`, fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) problems.push(`${theme} ${width}: ${wide} pixels too wide`);
      problems.push(...errors);
      await page.context().close();
    }
  }
}

async function lasso(page) {
  const map = page.locator("[aria-roledescription='map of neurons']");
  await map.scrollIntoViewIfNeeded();
  const box = await map.boundingBox();
  await page.keyboard.down("Shift");
  const at = (x, y) => page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  await at(0.53, 0.03);
  await page.mouse.down();
  for (const [x, y] of [[0.7, 0.03], [0.7, 0.14], [0.53, 0.14]]) await at(x, y);
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await page.getByRole("radio", { name: "Only these" }).check({ force: true });
  await page.waitForTimeout(200);
  await page.evaluate(() => harness.settled());
}

async function others() {
  const cases = {
    empty: ["NONE", () => {}],
    unlabelled: ["SMALL", (header) => { header.images.forEach((one) => { one.label = null; }); header.threshold = null; header.selected = []; }],
    big: ["BIG", () => {}],
  };
  for (const [name, [size, change]] of Object.entries(cases)) {
    const { page, errors } = await tool.open(1280);
    await page.evaluate(async ([which, text]) => {
      const act = (0, eval)(text);
      const make = harness[which];
      await harness.show(make, act);
    }, [size, `(${change})`]);
    await page.screenshot({ path: `${out}/${name}.png`, fullPage: true });
    problems.push(...errors.map((error) => `${name}: ${error}`));
    await page.context().close();
  }
  const { page, errors } = await tool.open(1280);
  await page.evaluate(() => harness.show(harness.SMALL));
  await page.evaluate(() => { harness.kernels[0].dead = true; });
  await page.getByRole("listbox").press("ArrowDown");
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${out}/gone.png`, fullPage: true });
  problems.push(...errors);
  const text = await page.evaluate(() => harness.file(30));
  await writeFile(`${out}/file.html`, text);
  await page.context().close();
  const context = await tool.browser.newContext({ viewport: { width: 1280, height: 1000 }, offline: true });
  const file = await context.newPage();
  file.on("pageerror", (error) => problems.push(`file: ${error}`));
  file.on("console", (message) => message.type() === "error" && problems.push(`file: ${message.text()}`));
  const started = Date.now();
  await file.goto(pathToFileURL(`${out}/file.html`).href);
  await file.locator("[aria-busy=false]").waitFor();
  console.log(`file: ${(text.length / 1e6).toFixed(1)} MB, opened in ${Date.now() - started} ms`);
  await file.screenshot({ path: `${out}/file.png`, fullPage: true });
  await context.close();
}

/** The views beside the explorer, at both ends of the widths and in both themes. */
async function views() {
  for (const view of ["threshold", "sweep", "compare"]) {
    for (const theme of ["light", "dark"]) {
      for (const width of [1280, 480]) {
        const { page, errors } = await tool.open(width, theme);
        await page.evaluate((name) => harness.show(harness.SMALL, () => {}, name), view);
        await page.screenshot({ path: `${out}/${view}-${theme}-${width}.png`, fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) problems.push(`${view} ${theme} ${width}: ${wide} pixels too wide`);
        problems.push(...errors.map((error) => `${view}: ${error}`));
        await page.context().close();
      }
    }
  }
}

async function memory() {
  const { page } = await tool.open(1280);
  const heap = async () => {
    await page.evaluate(() => { gc(); gc(); });
    return page.evaluate(() => performance.memory.usedJSHeapSize / 1e6);
  };
  const round = () => page.evaluate(async () => { await harness.show(harness.SMALL); harness.close(); });
  for (let i = 0; i < 2; i++) await round();
  const before = await heap();
  for (let i = 0; i < 10; i++) await round();
  const after = await heap();
  for (let i = 0; i < 20; i++) await round();
  console.log(`memory: ${before.toFixed(1)} MB; after ten rounds of opening and closing ${after.toFixed(1)} MB, ` +
    `after thirty ${(await heap()).toFixed(1)} MB`);
  await page.context().close();
}

const parts = { small: () => latency("small", "SMALL"), big: () => latency("big", "BIG"), shots, views, others, memory };
try {
  for (const [name, act] of Object.entries(parts)) if (only === "all" || only.split(",").includes(name)) await act();
} finally {
  await tool.close();
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;
