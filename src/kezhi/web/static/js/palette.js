/* The command palette: opened by Ctrl/Cmd K, by / where no list has a search box, or by the search link.
   The server writes the options; this moves the choice, asks while somebody types, and opens what is chosen. */
(() => {
  "use strict";
  const dialog = document.getElementById("palette");
  if (!dialog?.showModal) return;
  const input = dialog.querySelector("input");
  const list = document.getElementById("palette-list");
  const said = dialog.querySelector("[data-palette-said]");
  const RECENT = `kezhi-recent-${dialog.dataset.person}`;
  const composing = (event) => event.isComposing || event.keyCode === 229;

  /* Records opened last: only their addresses are kept, in this browser; the server says what they are. */
  const recent = () => {
    try {
      return JSON.parse(localStorage.getItem(RECENT) || "[]").filter((each) => /^[a-z-]+\/\d+$/.test(each));
    } catch {
      return [];
    }
  };
  const here = location.pathname.match(/^\/([a-z-]+\/\d+)\/$/)?.[1];
  if (here) {
    try {
      localStorage.setItem(RECENT, JSON.stringify([here, ...recent().filter((each) => each !== here)].slice(0, 6)));
    } catch {
      /* Storage may be off; then nothing is remembered. */
    }
  }

  const options = () => [...list.querySelectorAll('[role="option"]')];
  const chosen = () => list.querySelector('[aria-selected="true"]');
  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  };
  const move = (step) => {
    const every = options();
    if (!every.length) return;
    const at = every.indexOf(chosen());
    choose(every[(at + step + every.length) % every.length]);
  };

  let asking = null;
  let timer = 0;
  let shown = null; // what the options answer; Enter waits for the answer to what stands in the box
  let opens = false;
  const ask = async () => {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    const text = input.value.trim();
    const query = new URLSearchParams({ q: text });
    if (!text) query.set("recent", recent().filter((each) => each !== here).slice(0, 5).join(","));
    list.classList.add("old");
    try {
      const answer = await fetch(`${dialog.dataset.from}?${query}`, { headers: { "HX-Request": "true" }, signal: mine.signal });
      if (answer.status === 401) {
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const written = await answer.text();
      if (mine !== asking) return;
      list.innerHTML = written; // escaped by the server's templates, as every fragment is
      shown = text;
      const every = options();
      choose(every[0]);
      list.scrollTop = 0;
      said.textContent = said.dataset.words.replace("{count}", every.length);
      if (opens) run(chosen());
    } catch (error) {
      if (error.name === "AbortError") return;
      const trouble = document.createElement("p");
      trouble.className = "none";
      trouble.textContent = dialog.dataset.none;
      list.replaceChildren(trouble);
    } finally {
      if (mine === asking) list.classList.remove("old");
      opens = false;
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 140);
  };

  const send = (fields) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = "/appearance/";
    const token = document.querySelector('meta[name="csrf-token"]')?.content;
    for (const [name, content] of Object.entries({ ...fields, csrfmiddlewaretoken: token, next: location.pathname + location.search })) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = content;
      form.append(field);
    }
    document.body.append(form);
    form.submit();
  };
  const run = (option) => {
    if (!option) return;
    const what = option.dataset.run;
    if (!what) {
      location.assign(option.href);
      return;
    }
    dialog.close();
    if (what === "theme") document.querySelector("[data-theme-toggle]")?.click();
    if (what === "keys") document.getElementById("keys")?.showModal();
    if (what === "language") send({ language: option.dataset.argument });
  };

  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    input.value = "";
    shown = null;
    list.replaceChildren();
    input.focus();
    ask();
  };
  dialog.addEventListener("close", () => {
    asking?.abort();
    clearTimeout(timer);
    opens = false;
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-palette-close]")) {
      dialog.close();
      return;
    }
    const option = event.target.closest('[role="option"]');
    if (!option || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    run(option);
  });
  input.addEventListener("input", (event) => event.isComposing || soon());
  input.addEventListener("compositionend", soon);
  input.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown === input.value.trim()) {
        const option = chosen();
        if (option?.href && (event.ctrlKey || event.metaKey)) window.open(option.href, "_blank", "noopener");
        else run(option);
      } else {
        opens = true;
        ask();
        opens = true;
      }
    } else if (event.key === "Home" && event.ctrlKey) choose(options()[0]);
    else if (event.key === "End" && event.ctrlKey) choose(options().at(-1));
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-palette]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });

  /* Keys: Ctrl/Cmd K always; / and C with a letter unless the person turned single keys off. */
  const typing = (target) =>
    target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(target.type));
  let createAt = 0;
  let goes = false;
  addEventListener("keydown", (event) => {
    if (composing(event)) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else if (!document.querySelector("dialog[open]")) open();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (document.documentElement.dataset.keys === "off") return;
    if (key === "/" && !document.querySelector("[data-search]")) {
      event.preventDefault();
      open();
      return;
    }
    if (createAt && Date.now() - createAt < 1200) {
      const link = dialog.querySelector(`[data-create="${CSS.escape(key)}"]`);
      createAt = 0;
      if (link) {
        event.preventDefault();
        event.stopImmediatePropagation();
        location.assign(link.href);
        return;
      }
    }
    // G and C leads to the customers: that C doesn't begin anything.
    createAt = key === "c" && !goes ? Date.now() : 0;
    goes = key === "g";
    if (goes) setTimeout(() => (goes = false), 1200);
  }, true);
})();
