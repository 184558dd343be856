// Pictures fetched and decoded before they are wanted, so that showing the next one waits for nothing.

const RETRY_MS = 2_000;
const ready = new Map();

/** The decoded <img>, sooner or later: without a network it is tried again. */
export function picture(address) {
  if (!ready.has(address)) ready.set(address, decoded(address));
  return ready.get(address);
}

/** One after another, so that the first does not share the line with the last. */
export async function preload(addresses) {
  for (const address of addresses) await picture(address);
}

async function decoded(address) {
  for (;;) {
    const image = new Image();
    image.src = address;
    try {
      await image.decode();
      return image;
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, RETRY_MS);
        addEventListener("online", resolve, { once: true });
      });
    }
  }
}
