// Copies what pages load out of npm's packages into static/packages/; nothing else of node_modules is ever served.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { deflateSync } from "node:zlib";

const fonts = [
  ["@fontsource-variable/bricolage-grotesque", "bricolage-grotesque", "wght-normal"],
  ["@fontsource-variable/atkinson-hyperlegible-next", "atkinson-hyperlegible-next", "wght-normal"],
  ["@fontsource/instrument-serif", "instrument-serif", "400-italic"],
];
const wanted = [
  "socket.io-client/dist/socket.io.esm.min.js",
  "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
  ...fonts.flatMap(([folder, name, cut]) =>
    ["latin", "latin-ext"].map((letters) => `${folder}/files/${name}-${letters}-${cut}.woff2`),
  ),
];

mkdirSync("static/packages", { recursive: true });
for (const file of wanted) copyFileSync(`node_modules/${file}`, `static/packages/${basename(file)}`);

// Fourteen megabytes, packed into four: the page that runs a model unpacks them itself, and so knows how far it is.
const runtime = "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm";
writeFileSync(`static/packages/${basename(runtime)}.deflate`, deflateSync(readFileSync(`node_modules/${runtime}`), { level: 9 }));
