/* Puts words into the answer that is being written: `data-insert` on a button, the composer is the first
   textarea named `text`. Without it the buttons stay hidden, and the articles are links. */
(() => {
  const composer = () => document.querySelector("textarea[data-composer], textarea[name=text]");
  const show = () => composer() && document.querySelectorAll("[data-insert][hidden]").forEach((each) => { each.hidden = false; });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    const field = composer();
    if (!button || !field) return;
    const before = field.value.slice(0, field.selectionStart);
    const gap = before && !before.endsWith("\n") ? "\n" : "";
    field.setRangeText(gap + button.dataset.insert + "\n", field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
  document.addEventListener("htmx:afterSwap", show);
  show();
})();
