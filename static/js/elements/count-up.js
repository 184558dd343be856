// A number that counts up to itself, unless its reader prefers things that do not move.
import { written } from "../words.js";

const DURATION_MS = 900;

class CountUp extends HTMLElement {
  connectedCallback() {
    const end = Number(this.textContent.replace(/\D/g, ""));
    if (!end || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const words = this.textContent;
    this.setAttribute("role", "img");
    this.setAttribute("aria-label", words);
    const started = performance.now();
    const step = (now) => {
      const share = Math.min((now - started) / DURATION_MS, 1);
      this.textContent = share === 1 ? words : written(Math.round(end * (1 - (1 - share) ** 3)));
      if (share < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }
}

customElements.define("count-up", CountUp);
