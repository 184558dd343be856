// How far a project is, as the server tells its room.
import { follow } from "../live.js";
import { fill } from "../words.js";

class LiveProgress extends HTMLElement {
  connectedCallback() {
    const { project } = this.dataset;
    // The API answers with all of the project, of which its progress is a part.
    follow(project, "progress", "", ({ progress, ...told }) => {
      const figures = progress ?? told;
      if (figures.project === project) this.#show(figures);
    });
  }

  #show(figures) {
    const gauge = this.querySelector("progress");
    gauge.max = figures.n_subjects;
    gauge.value = figures.n_retired;
    this.querySelector("p").textContent = fill(this.dataset.words, figures);
  }
}

customElements.define("live-progress", LiveProgress);
