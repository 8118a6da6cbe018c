// Fields of a layout are dragged to their place; the order of the inputs is what the form sends.
(() => {
  let dragged = null;

  const listOf = (target) => {
    if (!(target instanceof Element) || !dragged) return null;
    const list = target.closest(".layout-rows") || target.closest("[data-part]")?.querySelector(".layout-rows");
    const isOfColumns = (each) => each?.hasAttribute("data-columns");
    return list && isOfColumns(list) === isOfColumns(dragged.parentElement) ? list : null;
  };

  document.addEventListener("dragstart", (event) => {
    const row = event.target instanceof Element ? event.target.closest("[data-row]") : null;
    if (!row) return;
    dragged = row;
    row.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
  });

  document.addEventListener("dragover", (event) => {
    const list = listOf(event.target);
    if (!list) return;
    event.preventDefault();
    const over = event.target.closest("[data-row]");
    if (over === dragged) return;
    if (!over) {
      list.append(dragged);
      return;
    }
    const box = over.getBoundingClientRect();
    const isBelow = event.clientY > box.top + box.height / 2;
    over.parentElement.insertBefore(dragged, isBelow ? over.nextSibling : over);
  });

  document.addEventListener("drop", (event) => {
    if (dragged) event.preventDefault();
  });

  document.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    dragged = null;
  });
})();
