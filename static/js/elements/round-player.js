// A round, played without reloading. The page itself is a plain form that works alone; this makes it quick.
import { Connection } from "../connection.js";
import { listen } from "../keys.js";
import { asked, onReturn } from "../live.js";
import { Outbox } from "../outbox.js";
import { postForm } from "../post.js";
import { picture, preload } from "../preload.js";
import { fill, prose } from "../words.js";

// The old picture leaves for this long. Where experts may have something to say of it, an acknowledgement mostly arrives
// meanwhile; nothing ever waits longer for it.
const SINK_MS = 25;
const TEACHING_SINK_MS = 130;
const READING_MS = 4_000;

class RoundPlayer extends HTMLElement {
  #parts = {};
  #round;
  #shown = null; // The subject on the stage.
  #shownAt = performance.now();
  #lessons = []; // What experts said of subjects that teach, not read yet.
  #sinking = false;
  #seen = false; // Whether the subject's picture is there: nobody judges what she cannot see.

  connectedCallback() {
    for (const part of this.querySelectorAll("[data-part]")) this.#parts[part.dataset.part] = part;
    this.#round = JSON.parse(this.dataset.round);
    this.connection = new Connection(this.#round.project);
    this.outbox = new Outbox((answer) => this.connection.send(answer));
    for (const { subject } of this.outbox.waiting) this.#mark(subject, true);
    this.#listen();
    this.#goOn();
    preload(this.#open.map((subject) => subject.image));
    this.outbox.drain();
    onReturn(this.#round.project, () => this.#catchUp());
  }

  get #open() {
    return this.#round.subjects.filter((subject) => !subject.answered);
  }

  #listen() {
    const { answers, whole, "go-on": goOn } = this.#parts;
    answers.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#answer(event.submitter);
    });
    document.getElementById("undo").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#undo();
    });
    goOn.addEventListener("click", () => this.#goOn());
    this.connection.addEventListener("change", () => this.#tellConnection());
    this.outbox.addEventListener("change", () => this.#tellConnection());
    this.outbox.addEventListener("delivered", (event) => this.#delivered(event.detail));
    this.outbox.addEventListener("refused", (event) => this.#refused(event.detail));
    this.outbox.addEventListener("stuck", () => this.#say(this.dataset.stuck));
    const press = (button) => !answers.hidden && button && !button.disabled && button.click();
    const choices = [...answers.elements].filter((button) => button.name === "label");
    const keys = Object.fromEntries(choices.slice(0, 9).map((button, place) => [place + 1, () => press(button)]));
    const abstain = (value) => () => press(answers.querySelector(`[value="${value}"]`));
    listen({
      ...keys,
      0: abstain("cant_tell"),
      b: abstain("bad_image"),
      u: () => press(this.#parts.undo),
      z: () => whole?.querySelector("summary").click(),
      enter: () => this.#parts.lesson.hidden || document.activeElement.matches("a, summary") ? false : goOn.click(),
    });
  }

  async #answer(button) {
    if (this.#sinking || !this.#parts.lesson.hidden || !this.#seen) return;
    const subject = this.#shown;
    const shown_ms = Math.min(Math.round(performance.now() - this.#shownAt), 3_600_000);
    const answer = { round: this.#round.id, id: newId(), subject: subject.id, [button.name]: button.value, shown_ms };
    this.#sinking = true;
    this.#parts.notice.hidden = true;
    this.#mark(subject.id, true);
    button.dataset.chosen = "";
    this.#parts.stage.dataset.sinking = "";
    await Promise.race([this.outbox.put(answer), pause("teaches" in this.dataset ? TEACHING_SINK_MS : SINK_MS)]);
    delete button.dataset.chosen;
    delete this.#parts.stage.dataset.sinking;
    this.#sinking = false;
    this.#goOn();
  }

  #delivered({ answer, outcome }) {
    if (answer.round !== this.#round.id) return;
    if (outcome.explanation) this.#lessons.push(outcome);
    if (this.#sinking || !this.#parts.lesson.hidden) return;
    if (outcome.explanation || !this.#open.length) this.#goOn();
  }

  async #refused(detail) {
    this.#say(fill(this.dataset.refused, detail));
    await pause(READING_MS);
    if (!this.#open.length) this.#goOn();
  }

  /** What waits is sent at once; what was answered elsewhere while the line was away is not asked again. */
  async #catchUp() {
    this.outbox.drain();
    const { subjects } = await asked(location.pathname).catch(() => ({ subjects: [] }));
    for (const { id, answered } of subjects) if (answered) this.#mark(id, true);
    if (!this.#sinking && this.#parts.lesson.hidden) this.#goOn();
  }

  /** Shows what comes next: a lesson, a picture, or the end. */
  #goOn() {
    const lesson = this.#lessons.shift();
    this.#parts.lesson.hidden = !lesson;
    this.#parts.answers.hidden = Boolean(lesson) || !this.#open.length;
    this.#parts.ending.hidden = Boolean(lesson) || this.#open.length > 0;
    this.#tellProgress();
    if (lesson) this.#teach(lesson);
    else if (this.#open.length) this.#show(this.#open[0]);
    else this.#end();
  }

  #teach({ subject, explanation }) {
    const { lesson, "lesson-title": title, "lesson-why": why, "go-on": goOn } = this.#parts;
    this.#show(this.#round.subjects.find((one) => one.id === subject));
    title.textContent = fill(explanation.correct ? this.dataset.yes : this.dataset.no, explanation);
    title.toggleAttribute("data-correct", explanation.correct === true);
    why.replaceChildren(...prose(explanation.why));
    goOn.focus({ preventScroll: true });
    lesson.scrollIntoView({ block: "nearest" });
  }

  async #show(subject) {
    if (subject === this.#shown) return;
    this.#shown = subject;
    this.#seen = false;
    const { stage, wait, whole, full, frame, place, halo } = this.#parts;
    const late = setTimeout(() => (wait.hidden = false), TEACHING_SINK_MS);
    const image = await picture(subject.image);
    clearTimeout(late);
    if (subject !== this.#shown) return;
    image.alt = this.#parts.picture.alt;
    image.dataset.part = "picture";
    this.#parts.picture.replaceWith(image);
    this.#parts.picture = image;
    stage.dataset.rising = "";
    image.addEventListener("animationend", () => delete stage.dataset.rising, { once: true });
    wait.hidden = true;
    if (whole) {
      whole.open = false;
      full.src = subject.full;
      frame?.setAttribute("viewBox", `0 0 ${subject.width_px} ${subject.height_px}`);
      for (const circle of [place, halo]) circle?.setAttribute("cx", subject.point.column);
      for (const circle of [place, halo]) circle?.setAttribute("cy", subject.point.row);
    }
    this.#seen = true;
    this.#shownAt = performance.now();
  }

  async #undo() {
    if (this.connection.state === "offline") return this.#say(this.dataset.undoLater);
    try {
      await this.outbox.drain();
      const { subject } = await postForm(`/rounds/${this.#round.id}/undo`);
      this.#mark(subject, false);
      this.#goOn();
    } catch (error) {
      this.#say(error.message);
    }
  }

  async #end() {
    this.#shown = null;
    this.#seen = false;
    this.#parts["ending-words"].textContent = this.dataset.sending;
    if (!this.outbox.waiting.some((answer) => answer.round === this.#round.id)) location.assign(this.dataset.summary);
  }

  #mark(id, answered) {
    const subject = this.#round.subjects.find((one) => one.id === id);
    if (subject) subject.answered = answered;
  }

  #tellProgress() {
    const { subjects } = this.#round;
    const n = subjects.length - this.#open.length;
    this.style.setProperty("--depth", n / subjects.length);
    this.#parts.count.textContent = fill(this.dataset.count, { n: Math.min(n + 1, subjects.length), total: subjects.length });
    this.#parts.undo.disabled = n === 0;
    subjects.forEach((subject, place) => {
      const state = subject.answered ? "done" : subject === this.#open[0] ? "now" : "";
      this.#parts.marks.children[place].dataset.state = state;
    });
  }

  #tellConnection() {
    const { connection } = this.#parts;
    const n = this.outbox.waiting.length;
    const { state } = this.connection;
    const words = [this.dataset[state], n && state !== "live" && fill(this.dataset.waiting, { n })].filter(Boolean);
    connection.dataset.state = state;
    connection.textContent = words.join(". ");
  }

  #say(sentence) {
    this.#parts.notice.textContent = sentence;
    this.#parts.notice.hidden = false;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Not crypto.randomUUID: browsers offer it on secure pages only, and a class may play over a school's plain http.
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

customElements.define("round-player", RoundPlayer);
