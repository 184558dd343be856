// Sentences come translated from the page; here only their gaps are filled.

/** fill("Picture {n}", {n: 3}) is "Picture 3"; numbers are written as the page's language writes them. */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (gap, name) => written(values[name] ?? gap));
}

export function written(value) {
  return typeof value === "number" ? value.toLocaleString(document.documentElement.lang || undefined) : value;
}

/** The little markdown that an explanation may use, **strong** and *stressed*, as nodes. */
export function prose(markdown) {
  return markdown.split(/(\*\*[^*]+\*\*|\*[^*]+\*)/).map((part) => {
    const stars = /^\*+/.exec(part)?.[0].length ?? 0;
    if (!stars || part.length < 2 * stars + 1) return part;
    const node = document.createElement(stars === 2 ? "strong" : "em");
    node.textContent = part.slice(stars, -stars);
    return node;
  });
}
