/* The builder of filters: an empty row goes with Backspace, the dialog gets the focus when it is filled. */
(() => {
  "use strict";
  const { one, composing } = window.kezhi;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Backspace" || composing(event) || event.target.value) return;
    const row = event.target.closest?.("[data-filter-row]");
    if (!row || event.target.type === "search") return;
    event.preventDefault();
    one("[data-filter-remove]", row).click();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = event.detail.target;
    if (dialog.id === "filters") (one("[autofocus]", dialog) || one(".filter-row select", dialog))?.focus();
  });
  // In the dialog, leaving is closing: the list behind it is as it was.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#filters [data-filter-leave]");
    if (!link) return;
    event.preventDefault();
    link.closest("dialog").close();
  });
})();
