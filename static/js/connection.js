// How an answer reaches the server: over the socket if it acknowledges in time, else as the plain form.
import { socketOf } from "./live.js";
import { checked, post, Refused, Stuck } from "./post.js";

const PATIENCE_MS = 2_000;

/** Fires `change` whenever `state` may have: "live", "plain" or "offline". */
export class Connection extends EventTarget {
  #socket;
  #reached = true;

  constructor(project) {
    super();
    this.#socket = socketOf(project);
    for (const event of ["connect", "disconnect", "connect_error"]) this.#socket.on(event, () => this.#changed());
    for (const event of ["online", "offline"]) addEventListener(event, () => this.#changed());
  }

  get state() {
    if (this.#socket.connected && navigator.onLine) return "live";
    return navigator.onLine && this.#reached ? "plain" : "offline";
  }

  /** The outcome. Throws as post does. */
  async send(answer) {
    const reply = this.#socket.connected && (await this.#emit(answer));
    try {
      const outcome = reply ? checked(reply) : await post(answer);
      this.#reached = true;
      return outcome;
    } catch (error) {
      this.#reached = Boolean(reply) || error instanceof Refused || error instanceof Stuck;
      throw error;
    } finally {
      this.#changed();
    }
  }

  /** The acknowledgement, or null when there was none in time. */
  #emit(answer) {
    return this.#socket.timeout(PATIENCE_MS).emitWithAck("classify", answer).catch(() => null);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
