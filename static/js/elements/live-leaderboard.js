// A leaderboard that moves while others play. Only the top of it is told to everyone; one's own place is one's own.
import { follow } from "../live.js";
import { written } from "../words.js";

class LiveLeaderboard extends HTMLElement {
  connectedCallback() {
    const { project, period, list } = this.dataset;
    if (list !== "top") return;
    follow(project, "leaderboard", `/leaderboard?period=${period}`, (news) => {
      if (news.project === project && news.period === period) this.#show(news.top);
    });
  }

  #show(lines) {
    this.querySelector("ol").replaceChildren(...lines.map((line) => this.#row(line)));
  }

  #row({ rank, pseudonym, points }) {
    const row = this.querySelector("template").content.firstElementChild.cloneNode(true);
    row.toggleAttribute("data-mine", pseudonym === this.dataset.me);
    row.querySelector(".rank").textContent = rank;
    row.querySelector(".name").textContent = row.querySelector(".name").title = pseudonym;
    row.querySelector("[data-points]").textContent = written(points);
    return row;
  }
}

customElements.define("live-leaderboard", LiveLeaderboard);
