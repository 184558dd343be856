// A picture without what would have a browser turn or recolour it: the model has learned from pixels as they are stored,
// so here they must be the same as on the server.

const JPEG = { turned: 0xe1, coloured: 0xe2, pixels: 0xda };
const PNG = new Set(["eXIf", "iCCP", "sRGB", "gAMA", "cHRM", "cICP"]);
const WEBP = new Set(["EXIF", "ICCP"]);
const ORIENTATION = 0x0112;

/** { picture: a Blob, orientation: 1…8, as EXIF says how a person would have it turned }. */
export async function asStored(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const [kept, exif] = within(view, bytes);
  const picture = new Blob(kept.map(([first, end]) => bytes.subarray(first, end)), { type: file.type });
  return { picture, orientation: exif === null ? 1 : orientation(view, exif) };
}

function within(view, bytes) {
  if (bytes.length < 16) return [[[0, bytes.length]], null];
  if (view.getUint16(0) === 0xffd8) return ofJpeg(view);
  if (view.getUint32(0) === 0x89504e47) return ofChunks(view, 8, PNG, false, 12);
  if (text(view, 0) === "RIFF" && text(view, 8) === "WEBP") return ofWebp(view);
  return [[[0, bytes.length]], null];
}

/** Ranges of bytes to keep, and where the TIFF header of EXIF stands. */
function ofJpeg(view) {
  const kept = [[0, 2]];
  let exif = null;
  let at = 2;
  while (at + 4 <= view.byteLength && view.getUint8(at) === 0xff && view.getUint8(at + 1) !== JPEG.pixels) {
    const marker = view.getUint8(at + 1);
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === JPEG.turned && text(view, at + 4) === "Exif") exif ??= at + 10;
    if (marker !== JPEG.turned && marker !== JPEG.coloured) kept.push([at, end]);
    at = end;
  }
  return [[...kept, [at, view.byteLength]], exif];
}

/** Its header says how long it is, and whether a profile (bit 5) or EXIF (bit 3) is to be expected. */
function ofWebp(view) {
  const [kept, exif] = ofChunks(view, 12, WEBP, true, 8);
  const length = kept.reduce((sum, [first, end]) => sum + end - first, 0);
  view.setUint32(4, length - 8, true);
  if (text(view, 12) === "VP8X") view.setUint8(20, view.getUint8(20) & ~0b101000);
  return [kept, exif];
}

/** PNG: length, name, content, checksum, all of it big-endian; WebP: name, length, content, padded to an even length. */
function ofChunks(view, first, unwanted, little, around) {
  const kept = [[0, first]];
  let exif = null;
  let at = first;
  while (at + 8 <= view.byteLength) {
    const name = text(view, little ? at : at + 4);
    const length = view.getUint32(little ? at + 4 : at, little);
    const end = Math.min(at + around + length + (little ? length % 2 : 0), view.byteLength);
    if (name === "eXIf" || name === "EXIF") exif ??= text(view, at + 8) === "Exif" ? at + 14 : at + 8;
    if (!unwanted.has(name)) kept.push([at, end]);
    at = end;
  }
  return [[...kept, [at, view.byteLength]], exif];
}

function orientation(view, tiff) {
  try {
    const little = view.getUint16(tiff) === 0x4949;
    const table = tiff + view.getUint32(tiff + 4, little);
    for (let entry = 0; entry < view.getUint16(table, little); entry++) {
      const at = table + 2 + 12 * entry;
      const value = view.getUint16(at + 8, little);
      if (view.getUint16(at, little) === ORIENTATION) return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // EXIF that is cut short says nothing.
  }
  return 1;
}

function text(view, at) {
  return at + 4 <= view.byteLength ? String.fromCharCode(...[0, 1, 2, 3].map((place) => view.getUint8(at + place))) : "";
}
