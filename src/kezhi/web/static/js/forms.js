/* Forms: what was typed isn't lost by a click, tags are added by typing, things in order are moved by buttons. */
(() => {
  "use strict";
  const { one, all, composing } = window.kezhi;

  /* Leaving a page with something typed is asked once; sending it is no leaving. */
  let unsaved = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("form[data-unsaved]")) unsaved = true;
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-unsaved]")) unsaved = false;
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  // A form that came back with errors holds what was typed and not saved.
  if (one('form[data-unsaved] [aria-invalid="true"], form[data-unsaved] [role="alert"]')) unsaved = true;

  /* Tags: Enter or a comma takes the first that was found, else what was typed. */
  const take = (input) => {
    const box = one(".choices", input.closest("[data-tags]"));
    const name = input.name.replace(/_typed$/, "");
    const typed = input.value.replace(/[,，]/g, "").trim();
    if (!typed) return false;
    const found = all(`input[name="${name}"]`, box);
    const same = found.find((each) => each.value.toLowerCase() === typed.toLowerCase());
    if (same) same.checked = true;
    else {
      const label = document.createElement("label");
      const tick = document.createElement("input");
      const words = document.createElement("span");
      label.className = "choice";
      Object.assign(tick, { type: "checkbox", className: "check", name, value: typed, checked: true });
      words.className = "tag";
      words.textContent = typed;
      label.append(tick, words);
      box.prepend(label);
    }
    all("input[data-found]:not(:checked)", box).forEach((each) => each.closest("label").remove());
    input.value = "";
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };
  document.addEventListener(
    "keydown",
    (event) => {
      const input = event.target.closest?.("[data-tags] input[type=text]");
      if (!input || composing(event) || !["Enter", ",", "，", "ArrowDown"].includes(event.key)) return;
      if (event.key === "ArrowDown") {
        one("input[data-found]", input.closest("[data-tags]"))?.focus();
        event.preventDefault();
        return;
      }
      if (take(input)) {
        event.preventDefault();
        event.stopPropagation();
      } else if (event.key !== "Enter") event.preventDefault();
    },
    true,
  );
  document.addEventListener("htmx:load", (event) => {
    const form = event.detail.elt.closest?.("[data-focus]") || one("[data-focus]", event.detail.elt);
    one("input:not([type=hidden])", form || document.createElement("p"))?.focus();
  });

  /* Things in order: a button moves its line up or down without loading the page. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-sortable] [data-move]");
    if (!button) return;
    event.preventDefault();
    const line = button.closest("li");
    const other = Number(button.dataset.move) < 0 ? line.previousElementSibling : line.nextElementSibling;
    if (!other) return;
    if (Number(button.dataset.move) < 0) other.before(line);
    else other.after(line);
    button.focus();
  });
})();
