// Builds ../static/explorer.js and views.js: each one ES module with no imports, styles inside.
// `node build.mjs --check` compares instead of writing, and exits with 1 where they differ.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 60_000; // bytes
export const MODULES = { "explorer.js": "src/index.ts", "views.js": "src/views.ts" };

/** Styles travel packed (deflate, base64): they are text of which a third is enough. */
function packStyles(b) {
  b.onLoad({ filter: /\.css$/ }, async ({ path }) => {
    const { outputFiles } = await b.esbuild.build({
      entryPoints: [path], bundle: true, minify: true, target: "chrome123", write: false,
    });
    const packed = deflateRawSync(outputFiles[0].text.trim(), { level: 9 });
    return { contents: packed.toString("base64"), loader: "text" };
  });
}

/** The code of a module, by its name. */
export async function bundle(name) {
  const result = await build({
    entryPoints: [new URL(MODULES[name], import.meta.url).pathname],
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    charset: "utf8",
    plugins: [{ name: "pack-styles", setup: packStyles }],
    write: false,
    legalComments: "none",
  });
  return result.outputFiles[0].contents;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const folder = new URL("../static/", import.meta.url);
  await mkdir(folder, { recursive: true });
  for (const name of Object.keys(MODULES)) {
    const target = new URL(name, folder);
    const code = await bundle(name);
    if (code.length > LIMIT && !process.argv.includes("--any-size")) {
      console.error(`${name} would be ${code.length} bytes; at most ${LIMIT} are allowed.`);
      process.exit(1);
    }
    if (process.argv.includes("--check")) {
      const there = await readFile(target).catch(() => new Uint8Array());
      if (Buffer.compare(Buffer.from(there), Buffer.from(code))) {
        console.error(`${name} is not what the sources give; run \`npm run build\`.`);
        process.exit(1);
      }
    } else await writeFile(target, code);
    console.log(`${name}: ${code.length} bytes`);
  }
}
