// Answers on their way. Each is kept on this device until the server has said that it keeps it: never lost, and never
// doubled, because it carries the same id however often it is sent.
import { Refused, Stuck } from "./post.js";

const PLACE = "fathom.answers";
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];

/** Fires `delivered` {answer, outcome}, `refused` {answer, reason}, `stuck` {reason} and `change`. */
export class Outbox extends EventTarget {
  #send;
  #draining = null;
  #wake = () => {};

  constructor(send) {
    super();
    this.#send = send;
    addEventListener("online", () => this.#wake());
  }

  get waiting() {
    return read();
  }

  put(answer) {
    this.#keep([...this.waiting, answer]);
    return this.drain();
  }

  /** Resolves once nothing waits any more. Asking twice drains once. */
  drain() {
    this.#wake();
    this.#draining ??= this.#drain().finally(() => (this.#draining = null));
    return this.#draining;
  }

  async #drain() {
    for (let n = 0; this.waiting.length; ) {
      const answer = this.waiting[0];
      try {
        const outcome = await this.#send(answer);
        this.#take(answer, "delivered", { answer, outcome });
        n = 0;
      } catch (error) {
        if (error instanceof Refused) this.#take(answer, "refused", { answer, reason: error.message });
        else if (error instanceof Stuck) return this.#tell("stuck", { reason: error.message });
        else await this.#pause(PAUSES_MS[Math.min(n++, PAUSES_MS.length - 1)]);
      }
    }
  }

  #take(answer, event, detail) {
    this.#keep(this.waiting.filter((other) => other.id !== answer.id));
    this.#tell(event, detail);
  }

  #keep(answers) {
    write(answers);
    this.#tell("change");
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
  }

  #tell(event, detail = {}) {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}

// Where the browser refuses storage, answers are kept for as long as the page is.
let unstored = null;

/** Read each time: another tab may have put or sent some. */
function read() {
  try {
    return unstored ?? JSON.parse(localStorage.getItem(PLACE)) ?? [];
  } catch {
    return [];
  }
}

function write(answers) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(answers));
  } catch {
    unstored = answers;
  }
}
