// How far a project is, as the server tells its room.
import { socketOf } from "../live.js";
import { fill } from "../words.js";

class LiveProgress extends HTMLElement {
  connectedCallback() {
    socketOf(this.dataset.project).on("progress", (figures) => figures.project === this.dataset.project && this.#show(figures));
  }

  #show(figures) {
    const gauge = this.querySelector("progress");
    gauge.max = figures.n_subjects;
    gauge.value = figures.n_retired;
    this.querySelector("p").textContent = fill(this.dataset.words, figures);
  }
}

customElements.define("live-progress", LiveProgress);
