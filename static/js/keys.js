// Keys of a whole page. What is typed into a field, or meant for the browser, is left alone.

/** `keys` maps a key in lower case to what it does; a function that returns false lets the browser have the key. */
export function listen(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const act = keys[event.key.toLowerCase()];
    if (act && act() !== false) event.preventDefault();
  });
}
