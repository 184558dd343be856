// The public model on one's own picture, on one's own device. Where that cannot be, the form sends it to the server.
import { asStored } from "../as-stored.js";
import { fill, written } from "../words.js";

const N_SHOWN = 3;
const PREVIEW_PX = { least: 192, most: 1024 }; // of the longer side
const REST_MS = 120; // After the last step of the point the model looks again.
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
// How EXIF's eight orientations turn stored (column, row) on the screen: a, b, c and d of a matrix.
const TURNS = [[1, 0, 0, 1], [-1, 0, 0, 1], [-1, 0, 0, -1], [1, 0, 0, -1], [0, 1, 1, 0], [0, 1, -1, 0], [0, -1, -1, 0], [0, -1, 1, 0]];

class TryModel extends HTMLElement {
  #parts = {};
  #model; // A promise of what the server says of the model, once its worker is ready.
  #worker;
  #asked = new Map(); // id → what waits for the worker's answer
  #picture = null; // { picture, orientation, size: {width, height}, turn: from stored to shown pixels }
  #point = null;
  #rest;

  connectedCallback() {
    if (!("Worker" in window && "OffscreenCanvas" in window && "DecompressionStream" in window)) return;
    for (const part of this.querySelectorAll("[data-part]")) this.#parts[part.dataset.part] = part;
    const { file, photo, form, stage } = this.#parts;
    this.#atHome(true);
    for (const input of [file, photo]) input.addEventListener("change", () => input.files.length && this.#choose(input));
    form.addEventListener("submit", () => this.#fillIn());
    stage.addEventListener("pointerdown", (event) => this.#pointTo(event));
    stage.addEventListener("keydown", (event) => this.#step(event));
  }

  disconnectedCallback() {
    this.#worker?.terminate();
  }

  async #choose(input) {
    const { file, photo, stage, result } = this.#parts;
    if (input === photo) file.files = photo.files; // If it must be sent after all, it is the form's.
    this.#atHome(true);
    this.#say("");
    stage.hidden = result.hidden = true;
    try {
      this.#picture = await stored(input.files[0]);
    } catch {
      return this.#say(this.dataset.unreadable);
    }
    try {
      this.#model ??= this.#open();
      const { side_px: side } = await this.#model;
      this.#show(side);
      await this.#look();
    } catch {
      this.#giveUp();
    }
  }

  async #open() {
    const answer = await fetch(this.dataset.model, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const model = await answer.json();
    this.#worker = new Worker(new URL("../model-worker.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.#heard(data));
    this.#worker.addEventListener("error", () => this.#broken("The worker did not start."));
    const { loading, gauge, "loading-words": words } = this.#parts;
    const total = model.graph.n_bytes + model.runtime.n_bytes;
    words.textContent = fill(this.dataset.loading, { mb: Math.round(total / 1e6) });
    gauge.value = 0;
    loading.hidden = false;
    const opened = this.#ask({ open: { runtime: model.runtime.url, graph: model.graph.url, total } });
    await opened.finally(() => (loading.hidden = true));
    return model;
  }

  #ask(message) {
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...message });
    });
  }

  #heard({ id, p, error, loaded }) {
    if (loaded !== undefined) return void (this.#parts.gauge.value = loaded);
    const { resolve, reject } = this.#asked.get(id);
    this.#asked.delete(id);
    if (error) reject(new Error(error));
    else resolve(p);
  }

  #broken(reason) {
    for (const { reject } of this.#asked.values()) reject(new Error(reason));
    this.#asked.clear();
  }

  /** The picture as a person would have it; a cross and a square where the model looks. */
  #show(side) {
    const { stage, canvas, overlay, aim, cross, "turned-words": turned } = this.#parts;
    const { bitmap, size, shown, turn, orientation } = this.#picture;
    const longer = Math.max(shown.width, shown.height);
    const scale = Math.max(PREVIEW_PX.least, Math.min(longer, PREVIEW_PX.most)) / longer;
    canvas.width = Math.max(1, Math.round(shown.width * scale));
    canvas.height = Math.max(1, Math.round(shown.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.setTransform(new DOMMatrix().scale(scale).multiply(turn));
    context.drawImage(bitmap, 0, 0);
    overlay.setAttribute("viewBox", `0 0 ${shown.width} ${shown.height}`);
    overlay.toggleAttribute("hidden", !side);
    this.#point = side ? { row: Math.floor(size.height / 2), column: Math.floor(size.width / 2) } : null;
    for (const each of side ? aim.querySelectorAll("rect") : []) {
      for (const name of ["width", "height"]) each.setAttribute(name, side);
      for (const name of ["x", "y"]) each.setAttribute(name, -side / 2);
    }
    cross.setAttribute("transform", `scale(${longer / 100})`);
    if (side) stage.tabIndex = 0;
    turned.hidden = orientation === 1;
    stage.hidden = this.#parts.frame.hidden = false;
    this.#aim();
  }

  #aim() {
    if (!this.#point) return;
    const { aim, place } = this.#parts;
    const { x, y } = this.#picture.turn.transformPoint({ x: this.#point.column + 0.5, y: this.#point.row + 0.5 });
    aim.setAttribute("transform", `translate(${x} ${y})`);
    place.textContent = fill(this.dataset.place, { row: this.#point.row, column: this.#point.column });
  }

  #pointTo(event) {
    if (!this.#point) return;
    const { left, top, width, height } = this.#parts.canvas.getBoundingClientRect();
    const { shown, turn } = this.#picture;
    const at = { x: ((event.clientX - left) / width) * shown.width, y: ((event.clientY - top) / height) * shown.height };
    const { x, y } = turn.inverse().transformPoint(at);
    this.#moveTo(Math.floor(y), Math.floor(x));
  }

  #step(event) {
    const step = STEPS[event.key];
    if (!step || !this.#point || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const { shown, turn } = this.#picture;
    const px = Math.max(1, Math.round(Math.max(shown.width, shown.height) / (event.shiftKey ? 12 : 80)));
    const { a, b, c, d } = turn.inverse();
    const [down, right] = step;
    this.#moveTo(this.#point.row + px * (b * right + d * down), this.#point.column + px * (a * right + c * down));
  }

  #moveTo(row, column) {
    const { width, height } = this.#picture.size;
    this.#point = { row: Math.max(0, Math.min(row, height - 1)), column: Math.max(0, Math.min(column, width - 1)) };
    this.#aim();
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#look().catch(() => this.#giveUp()), REST_MS);
  }

  async #look() {
    const [picture, point] = [this.#picture, this.#point];
    const { side_px: side, labels, version } = await this.#model;
    const p = await this.#ask({ look: { picture: picture.picture, point, side } });
    if (picture !== this.#picture || point !== this.#point) return;
    const bestFirst = labels.map((label, place) => ({ ...label, p: p[place] })).sort((one, other) => other.p - one.p);
    const { guesses, guess, result, said } = this.#parts;
    guesses.replaceChildren(...bestFirst.slice(0, N_SHOWN).map((label) => line(guess, label)));
    said.textContent = fill(this.dataset.said, { version });
    result.hidden = false;
  }

  /** Nothing has been sent; whether it shall be is for the visitor to say. */
  #giveUp() {
    this.#model = undefined;
    this.#worker?.terminate();
    this.#atHome(false);
    this.#parts.result.hidden = true;
    this.#say(this.dataset.failed);
  }

  #atHome(here) {
    const { "server-hint": there, "device-hint": device, send, camera } = this.#parts;
    there.hidden = send.hidden = here;
    device.hidden = camera.hidden = !here;
  }

  /** A form that is sent asks about the same point. */
  #fillIn() {
    for (const name of ["row", "column"]) {
      this.#parts[name].disabled = !this.#point;
      this.#parts[name].value = this.#point?.[name] ?? "";
    }
  }

  #say(sentence) {
    this.#parts.notice.textContent = sentence;
    this.#parts.notice.hidden = !sentence;
  }
}

async function stored(file) {
  const found = await asStored(file);
  const bitmap = await createImageBitmap(found.picture);
  const { width, height } = bitmap;
  const [a, b, c, d] = TURNS[found.orientation - 1];
  const [left, top] = [Math.min(0, a * width + c * height), Math.min(0, b * width + d * height)];
  const shown = { width: Math.abs(a * width + c * height), height: Math.abs(b * width + d * height) };
  return { ...found, bitmap, size: { width, height }, shown, turn: new DOMMatrix([a, b, c, d, -left, -top]) };
}

function line(template, { name, p }) {
  const made = template.content.cloneNode(true);
  const [words, share, gauge] = ["span", "b", "progress"].map((tag) => made.querySelector(tag));
  words.textContent = name;
  // Close to certainty a tenth of a percent makes a difference.
  share.textContent = `${written(Number((100 * p).toFixed(p > 0.99 || p < 0.01 ? 1 : 0)))}\u00a0%`;
  gauge.value = p;
  return made;
}

customElements.define("try-model", TryModel);
