/** Builds the pages into dist/: `node build.mjs`. Everything they need is inside; nothing is fetched from elsewhere. */
import { build } from "esbuild";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const common = {
  bundle: true,
  minify: true,
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  logLevel: "warning",
  legalComments: "none",
  tsconfig: "tsconfig.json",
};
const PAGES = [
  {
    file: "index.html",
    address: "/",
    title: "Parlance playground",
    description: "Talk to your agents and watch the wire",
    body: "<parlance-playground></parlance-playground>",
    script: "playground.js",
    styles: ["style.css"],
  },
  {
    file: "datasets.html",
    address: "/datasets",
    title: "Datasets – Parlance",
    description: "What agents answer from: upload documents, search them, look through them",
    body: "<parlance-datasets></parlance-datasets>",
    script: "datasets.js",
    styles: ["style.css"],
  },
  {
    file: "keys.html",
    address: "/keys",
    title: "Keys – Parlance",
    description: "The keys of a tenant, and what each kind is for",
    body: "<parlance-keys></parlance-keys>",
    script: "keys.js",
    styles: ["style.css"],
  },
  {
    file: "docs/index.html",
    address: "/docs",
    title: "Parlance HTTP API",
    description: "Every route of every dialect",
    body: '<div id="http-api"></div>',
    script: "reference.js",
    styles: ["style.css", "http-api.css"],
  },
  {
    file: "docs/websocket.html",
    address: "/docs/websocket",
    title: "Parlance WebSocket API",
    description: "The frames of the chats over WebSocket",
    body: '<div id="websocket-api" class="article"></div>',
    script: "reference.js",
    styles: ["style.css"],
  },
];
const [out, made] = ["dist", "dist.unfinished"];

await rm(made, { recursive: true, force: true });
await mkdir(made, { recursive: true });
await build({ ...common, format: "iife", entryPoints: { widget: "src/widget/main.ts" }, outdir: made });
const pages = await build({
  ...common,
  format: "esm",
  splitting: true,
  metafile: true,
  entryPoints: {
    playground: "src/playground/main.ts",
    datasets: "src/datasets/main.ts",
    keys: "src/keys/main.ts",
    reference: "src/reference/main.ts",
    style: "src/style/site.css",
    "http-api": "src/reference/http.css",
  },
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

const layout = await readFile("pages/layout.html", "utf8");
for (const page of PAGES) {
  await mkdir(path.dirname(`${made}/${page.file}`), { recursive: true });
  await writeFile(`${made}/${page.file}`, written(page));
}
await cp("static", made, { recursive: true });
for (const name of ["openapi.json", "asyncapi.json"]) await cp(`../docs/${name}`, `${made}/docs/${name}`);
await rm(out, { recursive: true, force: true });
await rename(made, out);

function written(page) {
  const parts = {
    ...page,
    script: addressOf(page.script),
    styles: page.styles.map((name) => `<link rel="stylesheet" href="${addressOf(name)}" />`).join("\n    "),
  };
  const filled = layout.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
  return filled.replace(`<a href="${page.address}">`, `<a href="${page.address}" aria-current="page">`);
}

function addressOf(name) {
  if (!addresses[name]) throw new Error(`a page needs ${name}, which nothing builds`);
  return addresses[name];
}
