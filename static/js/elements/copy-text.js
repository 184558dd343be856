// Text that selects itself when it is clicked, so that copying a citation takes one key.

class CopyText extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", () => getSelection().toString() || getSelection().selectAllChildren(this));
  }
}

customElements.define("copy-text", CopyText);
