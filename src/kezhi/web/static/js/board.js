/* Cards of a board are dragged to another column; the form of the card's menu says it to the server. */
(() => {
  "use strict";
  let lifted = null;
  const column = (event) => (lifted ? event.target.closest?.("[data-column]") : null);
  const calm = () => document.querySelectorAll(".board-col.over").forEach((each) => each.classList.remove("over"));
  document.addEventListener("dragstart", (event) => {
    lifted = event.target.closest?.("[data-card]") || null;
    if (!lifted) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", lifted.dataset.card);
    lifted.classList.add("lifted");
  });
  document.addEventListener("dragover", (event) => {
    const over = column(event);
    if (!over) return;
    event.preventDefault();
    calm();
    over.classList.add("over");
  });
  document.addEventListener("drop", (event) => {
    const over = column(event);
    if (!over) return;
    event.preventDefault();
    const button = lifted.querySelector(`button[name="state"][value="${CSS.escape(over.dataset.column)}"]`);
    if (button) button.form.requestSubmit(button);
  });
  document.addEventListener("dragend", () => {
    calm();
    lifted?.classList.remove("lifted");
    lifted = null;
  });
})();
