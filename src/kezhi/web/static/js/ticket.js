/* A ticket: whoever writes says so, and macros come by name: chosen from the list, or after a "/" in the text. */
(() => {
  "use strict";
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.matches?.("[data-presence]")) return;
    const text = document.querySelector("#ticket-text");
    if (text && text.value.trim()) event.detail.parameters.writing = "1";
  });

  /* What is being written is kept in this tab until it is sent: a session may end while one writes. */
  const kept = () => `kezhi:written:${document.querySelector("#ticket-text").dataset.kept}`;
  const written = () => JSON.parse(sessionStorage.getItem(kept()) || "null");
  const keep = (is) => {
    const text = document.querySelector("#ticket-text");
    if (!text?.dataset.kept) return;
    if (text.value.trim()) sessionStorage.setItem(kept(), JSON.stringify({ text: text.value, mode: text.form.elements.mode.value, ...is }));
    else sessionStorage.removeItem(kept());
  };
  document.addEventListener("input", (event) => event.target.id === "ticket-text" && keep({}));
  document.addEventListener("submit", (event) => event.target.id === "composer" && keep({ sent: true }));
  const begun = document.querySelector("#ticket-text");
  const before = begun?.dataset.kept && written();
  if (before?.sent && location.hash === "#last") sessionStorage.removeItem(kept());
  else if (before && !begun.value) {
    begun.value = before.text;
    begun.form.elements.mode.value = before.mode;
  }

  /* A macro's words between what stands before and after them; minutes and files stay as they were. */
  const field = () => document.querySelector("#ticket-text");
  const source = () => document.querySelector("#ticket-macro");
  const use = async (macro, before, after) => {
    const form = document.querySelector("#composer");
    const minutes = form.elements.minutes.value;
    const spoken = form.elements.by_phone.checked;
    const files = form.elements.file;
    await htmx.ajax("GET", `${source().dataset.url}?macro=${encodeURIComponent(macro)}`, { target: "#composer", swap: "outerHTML" });
    const text = field();
    if (!text || text.form === form) return;
    text.form.elements.minutes.value = minutes;
    text.form.elements.by_phone.checked = spoken;
    text.form.elements.file.replaceWith(files);
    nameFiles(files);
    text.setRangeText(before, 0, 0, "end");
    text.setRangeText(after, text.value.length, text.value.length, "start");
    text.focus();
    text.setSelectionRange(text.value.length - after.length, text.value.length - after.length);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const nameFiles = (input) => {
    const shown = input.parentElement.querySelector("output");
    if (shown) shown.textContent = [...input.files].map((file) => file.name).join(" · ");
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("#ticket-files")) nameFiles(event.target);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("#ticket-macro") || !event.target.value) return;
    const text = field();
    // What nobody touched gives way to the next macro; what was typed stays before it.
    const typed = text.value === text.defaultValue ? "" : text.value;
    use(event.target.value, typed && !typed.endsWith("\n") ? `${typed}\n` : typed, "");
  });

  /* The list after a "/": it narrows as one types, also by pinyin or initials. */
  const list = () => document.querySelector("#macro-list");
  const wanted = (text) => text.value.slice(0, text.selectionStart).match(/(?:^|\s)([/／]([^\n/／]{0,40}))$/);
  const choices = () => [...(list()?.children || [])];
  const current = () => choices().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const hide = () => {
    const shown = list();
    if (!shown || shown.hidden) return;
    shown.hidden = true;
    shown.replaceChildren();
    field().removeAttribute("aria-activedescendant");
    field().removeAttribute("aria-controls");
  };
  const mark = (at) => {
    choices().forEach((option, place) => option.setAttribute("aria-selected", place === at));
    field().setAttribute("aria-activedescendant", choices()[at].id);
    choices()[at].scrollIntoView({ block: "nearest" });
  };
  const matching = (typed) => {
    const sought = typed.trim().toLowerCase();
    const close = sought.replace(/\s/g, "");
    return [...source().options].filter((option) => {
      if (!option.value) return false;
      const spelled = option.dataset.spelled.split(" ");
      return option.text.toLowerCase().includes(sought) || spelled.some((each) => each.startsWith(close));
    });
  };
  const offer = (text) => {
    const found = list() && wanted(text);
    const macros = found ? matching(found[2]) : [];
    if (!macros.length) return hide();
    list().replaceChildren(
      ...macros.map((macro) => {
        const option = document.createElement("div");
        option.id = `macro-${macro.value}`;
        option.dataset.macro = macro.value;
        option.setAttribute("role", "option");
        option.textContent = macro.text;
        return option;
      }),
    );
    list().hidden = false;
    text.setAttribute("aria-controls", "macro-list");
    mark(0);
  };
  const take = (option) => {
    const text = field();
    const found = wanted(text);
    const { macro } = option.dataset;
    hide();
    if (!found) return;
    const end = text.selectionStart;
    use(macro, text.value.slice(0, end - found[1].length), text.value.slice(end));
  };
  document.addEventListener("input", (event) => {
    if (event.target === field() && !event.isComposing) offer(event.target);
  });
  document.addEventListener("compositionend", (event) => event.target === field() && offer(event.target));
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target !== field() || event.isComposing || event.keyCode === 229 || list()?.hidden !== false) return;
      const every = choices();
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in steps) mark((current() + steps[event.key] + every.length) % every.length);
      else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && !event.shiftKey) take(every[current()]);
      else if (event.key === "Escape") hide();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#macro-list [role=option]");
    if (option) {
      event.preventDefault();
      take(option);
    } else hide();
  });
})();
