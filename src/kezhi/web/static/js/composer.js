/* The composer of a customer's page: drafts kept as one types, colleagues offered after an @. */
(() => {
  "use strict";
  const composing = (event) => event.isComposing || event.keyCode === 229;
  const token = document.querySelector('meta[name="csrf-token"]')?.content || "";
  const textOf = (event) => (event.target.matches?.("[data-composer]") ? event.target : null);
  const formOf = (element) => element?.closest?.("form.composer");

  /* Drafts: a second after the last stroke, and when the page is left. */
  let timer = 0;
  let unkept = null;
  const fields = (form) => {
    const data = new URLSearchParams();
    new FormData(form).forEach((entry, name) => typeof entry === "string" && data.append(name, entry));
    return data;
  };
  const keep = async (form, keepalive = false) => {
    const text = form.querySelector("[data-draft-at]");
    const state = form.querySelector("#draft-state");
    unkept = null;
    try {
      const answer = await fetch(text.dataset.draftAt, {
        method: "POST",
        headers: { "X-CSRFToken": token, "HX-Request": "true" },
        body: fields(form),
        keepalive,
      });
      if (state && answer.ok) state.textContent = await answer.text();
    } catch {
      unkept = form;
    }
  };
  document.addEventListener("input", (event) => {
    const form = formOf(event.target);
    if (!form || form.dataset.sending || event.target.type === "file") return;
    unkept = form;
    clearTimeout(timer);
    timer = setTimeout(() => keep(form), 900);
  });
  addEventListener("pagehide", () => unkept?.isConnected && keep(unkept, true));
  // What is being saved is no draft any more.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.detail.elt?.matches?.("form.composer")) return;
    clearTimeout(timer);
    unkept = null;
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.composer")) return;
    clearTimeout(timer);
    unkept = null;
  });
  document.addEventListener("click", (event) => {
    const drop = event.target.closest?.("[data-drop-draft]");
    if (!drop) return;
    event.preventDefault();
    const form = formOf(drop);
    const text = form.querySelector("[data-composer]");
    text.value = "";
    drop.remove();
    keep(form);
    text.focus();
  });

  /* Mentions: the word after the last @ before the cursor. */
  const list = () => document.querySelector("#mention-list");
  const hide = () => {
    const shown = list();
    if (!shown || shown.hidden) return;
    shown.hidden = true;
    shown.replaceChildren();
    const text = document.querySelector("[data-mention]");
    text?.removeAttribute("aria-activedescendant");
    text?.removeAttribute("aria-controls");
  };
  const wanted = (text) => text.value.slice(0, text.selectionStart).match(/(?:^|[^\w.])[@＠]([^\s@＠]{0,20})$/);
  const choices = () => [...(list()?.querySelectorAll('[role="option"]') || [])];
  const mark = (at) => {
    const every = choices();
    every.forEach((option, place) => option.setAttribute("aria-selected", place === at));
    const text = document.querySelector("[data-mention]");
    if (every[at]) text.setAttribute("aria-activedescendant", every[at].id);
  };
  const current = () => choices().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const take = (option) => {
    const text = document.querySelector("[data-mention]");
    const found = wanted(text);
    if (!option || !found) return hide();
    const end = text.selectionStart;
    const start = end - found[1].length;
    text.setRangeText(`${option.dataset.name} `, start, end, "end");
    hide();
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  let asked = 0;
  const offer = async (text) => {
    const found = wanted(text);
    if (!found) return hide();
    const turn = ++asked;
    const answer = await fetch(`${text.dataset.mention}?q=${encodeURIComponent(found[1])}`);
    if (turn !== asked || !answer.ok) return;
    const shown = list();
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    shown.replaceChildren(...parsed.body.childNodes);
    shown.hidden = false;
    text.setAttribute("aria-controls", "mention-list");
    mark(0);
  };
  let pause = 0;
  document.addEventListener("input", (event) => {
    const text = textOf(event);
    if (!text?.dataset.mention || composing(event)) return;
    clearTimeout(pause);
    pause = setTimeout(() => offer(text), 150);
  });
  document.addEventListener("compositionend", (event) => textOf(event)?.dataset.mention && offer(event.target));
  document.addEventListener(
    "keydown",
    (event) => {
      if (!textOf(event) || composing(event) || list()?.hidden !== false) return;
      const every = choices();
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in steps && every.length) mark((current() + steps[event.key] + every.length) % every.length);
      else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && every.length) take(every[Math.max(0, current())]);
      else if (event.key === "Escape") hide();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#mention-list [role=option]");
    if (option) {
      event.preventDefault();
      take(option);
    } else if (!event.target.closest?.(".composer-in")) hide();
  });
})();
