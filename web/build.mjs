/** Builds the pages into dist/: `node build.mjs`. Everything they need is inside; nothing is fetched from elsewhere. */
import { build } from "esbuild";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const common = {
  bundle: true,
  minify: true,
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  logLevel: "warning",
  legalComments: "none",
  tsconfig: "tsconfig.json",
};
const [out, made] = ["dist", "dist.unfinished"];

await rm(made, { recursive: true, force: true });
await mkdir(made, { recursive: true });
await build({ ...common, format: "iife", entryPoints: { widget: "src/widget/main.ts" }, outdir: made });
const pages = await build({
  ...common,
  format: "esm",
  splitting: true,
  metafile: true,
  entryPoints: { playground: "src/playground/main.ts", reference: "src/reference/main.ts", style: "src/style/site.css", "http-api": "src/reference/http.css" },
  outdir: `${made}/assets`,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
});

/** Where each entry has gone, by the name that the pages use for it. */
const addresses = Object.fromEntries(
  Object.entries(pages.metafile.outputs)
    .filter(([, output]) => output.entryPoint)
    .map(([file]) => {
      const name = path.basename(file).replace(/-[^-]+(\.\w+)$/, "$1");
      return [name, `/assets/${path.basename(file)}`];
    }),
);

for (const file of await readdir("static", { recursive: true, withFileTypes: true })) {
  if (!file.isFile()) continue;
  const from = path.join(file.parentPath ?? file.path, file.name);
  const to = path.join(made, path.relative("static", from));
  await mkdir(path.dirname(to), { recursive: true });
  if (!from.endsWith(".html")) await cp(from, to);
  else await writeFile(to, withAddresses(await readFile(from, "utf8"), from));
}
for (const name of ["openapi.json", "asyncapi.json"]) await cp(`../docs/${name}`, `${made}/docs/${name}`);
await rm(out, { recursive: true, force: true });
await rename(made, out);

function withAddresses(page, from) {
  return page.replace(/\{\{(.+?)\}\}/g, (_, name) => {
    if (!addresses[name]) throw new Error(`${from} names ${name}, which nothing builds`);
    return addresses[name];
  });
}
