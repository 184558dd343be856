// A part of a page that fetches its own newer self, for as long as the page says how often.

class LivePart extends HTMLElement {
  connectedCallback() {
    this.timer = setTimeout(() => this.#renew(), Number(this.dataset.everyMs) || 2 ** 31 - 1);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async #renew() {
    const newer = await this.#newer().catch(() => null);
    if (newer && !newer.isEqualNode(this) && !this.#isRead) {
      if (newer.hasAttribute("data-every-ms")) return this.replaceWith(document.adoptNode(newer));
      return location.reload();
    }
    this.connectedCallback();
  }

  /** Somebody who has opened a log or stands on a link in here must not lose it. */
  get #isRead() {
    return this.contains(document.activeElement) || this.querySelector("details[open]") || document.hidden;
  }

  async #newer() {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return response.ok ? page.getElementById(this.id) : null;
  }
}

customElements.define("live-part", LivePart);
