// The tutorial one step at a time; without scripts its steps stand below one another.
import { listen } from "../keys.js";
import { fill } from "../words.js";

class TutorialSteps extends HTMLElement {
  #place = 0;

  connectedCallback() {
    this.steps = [...this.querySelectorAll("[data-step]")];
    this.back = this.querySelector("[data-back]");
    this.on = this.querySelector("[data-on]");
    this.done = this.querySelector("[data-done]");
    if (!this.steps.length) return;
    this.dataset.running = "";
    this.back.addEventListener("click", () => this.#go(-1));
    this.on.addEventListener("click", () => this.#go(1));
    listen({ arrowleft: () => this.#go(-1), arrowright: () => this.#go(1) });
    this.#show();
  }

  #go(by) {
    const place = this.#place + by;
    if (!this.steps[place]) return false;
    this.#place = place;
    this.#show();
    this.steps[place].focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  #show() {
    const last = this.steps.length - 1;
    this.steps.forEach((step, place) => (step.hidden = place !== this.#place));
    this.back.hidden = this.#place === 0;
    this.on.hidden = this.#place === last;
    this.done.hidden = this.#place !== last;
    const count = { n: this.#place + 1, total: last + 1 };
    this.querySelector('[data-part="count"]').textContent = fill(this.dataset.count, count);
  }
}

customElements.define("tutorial-steps", TutorialSteps);
