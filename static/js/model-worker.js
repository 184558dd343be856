// Runs a model beside the page, so that the page stays quick. What it is sent stays here: it fetches, and sends nothing.
import { env, InferenceSession, Tensor } from "../packages/ort.wasm.bundle.min.mjs";

// Beyond the edge of a picture there is this grey, for the trainer as for players; what is transparent lies on white.
const BEYOND = "rgb(128 128 128)";
const PAPER = "#ffffff";
const STRIP_PX = 512;

let session = null;

self.addEventListener("message", async ({ data }) => {
  try {
    if (data.open) await open(data.open);
    const p = data.look ? await look(data.look) : null;
    postMessage({ id: data.id, p });
  } catch (error) {
    postMessage({ id: data.id, error: String(error) });
  }
});

/** `runtime` and `graph` are addresses; `total` is how many bytes both have together. */
async function open({ runtime, graph, total }) {
  let loaded = 0;
  const told = (bytes) => postMessage({ loaded: Math.min((loaded += bytes) / total, 1) });
  const [binary, model] = await Promise.all([fetched(runtime, told, true), fetched(graph, told, false)]);
  env.wasm.numThreads = 1; // More would need headers that shut every page off from all others.
  env.wasm.wasmBinary = binary;
  session = await InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });
}

async function fetched(address, told, packed) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const counted = new TransformStream({
    transform(chunk, onwards) {
      told(chunk.length);
      onwards.enqueue(chunk);
    },
  });
  const stream = response.body.pipeThrough(counted);
  return new Response(packed ? stream.pipeThrough(new DecompressionStream("deflate")) : stream).arrayBuffer();
}

/** Probabilities of a picture, a Blob, or of the square of `side` around its `point` ({row, column}). */
async function look({ picture, point, side }) {
  const bitmap = await createImageBitmap(picture, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { pixels, width, height } = side ? square(bitmap, point, side) : whole(bitmap);
  bitmap.close();
  const { p } = await session.run({ pixels: new Tensor("uint8", pixels, [1, height, width, 3]) });
  return [...p.data];
}

function square(bitmap, { row, column }, side) {
  const half = Math.floor(side / 2);
  const pixels = drawn(bitmap, side, side, half - column, half - row);
  return { pixels: withoutAlpha(pixels, new Uint8Array(side * side * 3), 0), width: side, height: side };
}

/** In strips: a canvas as large as a camera's picture is more than some phones allow. */
function whole(bitmap) {
  const { width, height } = bitmap;
  const pixels = new Uint8Array(width * height * 3);
  for (let top = 0; top < height; top += STRIP_PX) {
    const rows = Math.min(STRIP_PX, height - top);
    withoutAlpha(drawn(bitmap, width, rows, 0, -top), pixels, top * width * 3);
  }
  return { pixels, width, height };
}

function drawn(bitmap, width, height, left, top) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = BEYOND;
  context.fillRect(0, 0, width, height);
  context.fillStyle = PAPER;
  context.fillRect(left, top, bitmap.width, bitmap.height);
  context.drawImage(bitmap, left, top);
  return context.getImageData(0, 0, width, height).data;
}

function withoutAlpha(rgba, rgb, first) {
  for (let from = 0, to = first; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from];
    rgb[to++] = rgba[from + 1];
    rgb[to++] = rgba[from + 2];
  }
  return rgb;
}
