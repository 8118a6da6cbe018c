/* Kezhi in the browser: what HTML and htmx can't say by themselves. Every page also works without it. */
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const composing = (event) => event.isComposing || event.keyCode === 229;
  const typing = (target) =>
    target.isContentEditable ||
    /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(target.type));
  const remember = (name, setting) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `kezhi_${name}=${setting}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  };

  /* Theme: by cookie, so that the server writes it into the page before it is painted. */
  const device = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => (root.dataset.theme === "auto" ? (device.matches ? "dark" : "light") : root.dataset.theme);
  const announceTheme = () => dispatchEvent(new Event("themechange"));
  const flipTheme = () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    remember("theme", root.dataset.theme);
    announceTheme();
  };
  device.addEventListener("change", announceTheme);

  /* Toasts stay eight seconds, longer under the pointer or the focus; errors stay until closed. */
  const live = one("#live");
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    return svg;
  };
  const leaveLater = (toast) => {
    if (toast.classList.contains("error")) return;
    let timer = setTimeout(() => toast.remove(), 8000);
    const hold = () => clearTimeout(timer);
    const go = () => {
      hold();
      timer = setTimeout(() => toast.remove(), 3000);
    };
    toast.addEventListener("mouseenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("mouseleave", go);
    toast.addEventListener("focusout", go);
  };
  const showToast = ({ message, undo = "", tone = "", retry = null }) => {
    if (!live || !message) return;
    const toast = document.createElement("div");
    toast.className = `toast ${tone}`;
    const words = document.createElement("span");
    words.textContent = message;
    toast.append(words);
    const press = (label, act) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => {
        toast.remove();
        act();
      });
      toast.append(button);
    };
    if (undo) press(live.dataset.undo, () => htmx.ajax("POST", undo, { swap: "none" }).then(() => location.reload()));
    if (retry) press(live.dataset.retry, retry);
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", live.dataset.close);
    close.append(icon("x"));
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    live.append(toast);
    leaveLater(toast);
  };
  if (live) all(".toast", live).forEach(leaveLater);
  document.addEventListener("toast", (event) => showToast(event.detail));

  /* htmx */
  const token = one('meta[name="csrf-token"]')?.content;
  document.addEventListener("htmx:configRequest", (event) => {
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
  });
  const line = one("#progress-line");
  let waiting = 0;
  const wait = (step) => {
    waiting = Math.max(0, waiting + step);
    line?.classList.toggle("busy", waiting > 0);
  };
  // A polling card shouldn't draw a line over the page every second.
  const isPolling = (event) => event.detail.elt?.matches?.("[data-poll]");
  const sending = (event) => (event.detail.elt?.tagName === "FORM" && event.detail.requestConfig?.verb !== "get" ? event.detail.elt : null);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isPolling(event)) return;
    const form = sending(event);
    if (form?.dataset.sending) {
      event.preventDefault();
      return;
    }
    if (form) form.dataset.sending = "yes";
    wait(1);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (isPolling(event)) return;
    delete sending(event)?.dataset.sending;
    wait(-1);
  });
  const again = (event) => {
    const { elt, requestConfig } = event.detail;
    if (!elt?.isConnected || !requestConfig) return null;
    return () => (elt.tagName === "FORM" ? elt.requestSubmit() : htmx.trigger(elt, requestConfig.triggeringEvent?.type || "click"));
  };
  document.addEventListener("htmx:sendError", (event) => isPolling(event) || showToast({ message: live?.dataset.offline, tone: "error", retry: again(event) }));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401) location.reload();
    else if (status === 403 || status === 404) showToast({ message: status === 403 ? live?.dataset.forbidden : live?.dataset.gone, tone: "error" });
    else if (!isPolling(event)) showToast({ message: live?.dataset.failed, tone: "error", retry: again(event) });
  });
  // A card that polls asks again after a break instead of falling silent.
  const pollLater = (event) => {
    const card = event.detail.elt;
    const status = event.detail.xhr?.status ?? 0;
    if (!isPolling(event) || !card.isConnected || (status >= 400 && status < 500)) return;
    setTimeout(() => card.isConnected && htmx.ajax("GET", card.getAttribute("hx-get"), { target: card, swap: "outerHTML" }), 4000);
  };
  document.addEventListener("htmx:sendError", pollLater);
  document.addEventListener("htmx:responseError", pollLater);
  document.addEventListener("htmx:afterSwap", (event) => {
    const wrong = one('[aria-invalid="true"]', event.detail.target?.isConnected ? event.detail.target : document);
    if (event.detail.xhr?.status === 422 && wrong) wrong.focus();
  });

  /* An input method shows letters before characters: a search waits for the characters. */
  document.addEventListener(
    "input",
    (event) => event.isComposing && event.target.matches("[hx-trigger]") && event.stopImmediatePropagation(),
    true,
  );
  document.addEventListener("compositionend", (event) => {
    if (event.target.matches?.("[hx-trigger]")) setTimeout(() => event.target.dispatchEvent(new Event("input", { bubbles: true })));
  });
  document.addEventListener("keydown", (event) => event.key === "Enter" && event.target.tagName === "INPUT" && composing(event) && event.preventDefault(), true);

  /* Menus are <details>: one open at a time, closed by Escape, by a click elsewhere, walked by arrows. */
  const openMenus = () => all("details[data-menu][open]");
  document.addEventListener("click", (event) => {
    openMenus().forEach((menu) => menu.contains(event.target) || menu.removeAttribute("open"));
    const closer = event.target.closest?.("[data-toast-close]");
    if (closer) closer.closest(".toast").remove();
    if (event.target.closest?.("[data-theme-toggle]")) flipTheme();
    if (event.target.closest?.("[data-keys-help]")) showKeys();
    const opener = event.target.closest?.("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog?.showModal) {
        event.preventDefault();
        dialog.showModal();
        one("input:not([type=hidden]), select, textarea", dialog)?.focus();
      }
    }
    if (event.target.tagName === "DIALOG") event.target.close();
  });
  const walkMenu = (event) => {
    const menu = event.target.closest?.("details[data-menu][open]");
    if (!menu) return false;
    if (event.key === "Escape") {
      menu.removeAttribute("open");
      one("summary", menu).focus();
      return true;
    }
    if (typing(event.target) || !/^Arrow(Up|Down)$/.test(event.key)) return false;
    const items = all(".menu :is(a, button, input, select)", menu).filter((item) => item.offsetParent);
    if (!items.length) return false;
    event.preventDefault();
    const at = items.indexOf(document.activeElement);
    items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length].focus();
    return true;
  };

  /* Forms: a second click sends nothing twice; what can't be undone is asked once. */
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (form.dataset.confirm && !confirm(form.dataset.confirm)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      if (form.method === "dialog" || form.method === "get" || form.hasAttribute("hx-post") || form.hasAttribute("data-download")) return;
      const button = event.submitter || one("button:not([type=button])", form);
      if (button?.getAttribute("aria-busy") === "true") event.preventDefault();
      button?.setAttribute("aria-busy", "true");
    },
    true,
  );
  addEventListener("pageshow", () => all('form [aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy")));
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });

  /* Files: dropped on the place, named once chosen. */
  all("[data-drop]").forEach((place) => {
    const input = one('input[type="file"]', place);
    const over = (is) => (event) => {
      event.preventDefault();
      place.classList.toggle("over", is);
    };
    place.addEventListener("dragover", over(true));
    place.addEventListener("dragleave", over(false));
    place.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  });

  /* Rows that the cursor walks; lists, panels and forms add their own keys (list.js, inline.js, forms.js). */
  const rows = () => all("tr[data-row]");

  /* Keys. Single keys are off while typing, while an input method composes, and if the person said so. */
  const showKeys = () => one("#keys")?.showModal();
  const follow = (selector) => {
    const link = one(selector);
    if (link) link.click();
    return Boolean(link);
  };
  const moveCursor = (step) => {
    const every = rows();
    if (!every.length) return follow(step > 0 ? "[data-next]" : "[data-previous]");
    const at = every.findIndex((row) => row.classList.contains("cursor"));
    every[at]?.classList.remove("cursor");
    const row = every[Math.max(0, Math.min(every.length - 1, at + step))] || every[0];
    row.classList.add("cursor");
    row.scrollIntoView({ block: "nearest" });
    row.dispatchEvent(new Event("cursor", { bubbles: true }));
    return true;
  };
  const onCursor = (act) => {
    const row = one("tr[data-row].cursor");
    if (row) act(row);
    return Boolean(row);
  };
  const keys = {
    "/": () => {
      const search = one("[data-search]");
      search?.focus();
      search?.select();
      return Boolean(search);
    },
    "?": () => (showKeys(), true),
    j: () => moveCursor(1),
    k: () => moveCursor(-1),
    Enter: (event) => (event.target === document.body || event.target.id === "main") && onCursor((row) => one("[data-open]", row)?.click()),
    f: (event) => {
      if (event.shiftKey) return follow("[data-filter-builder]");
      const add = one("[data-add-filter]");
      if (!add) return false;
      add.open = true;
      one("summary", add).focus();
      return true;
    },
    e: () => follow("[data-edit]"),
    n: () => {
      const text = one("[data-composer]");
      text?.focus();
      return Boolean(text);
    },
  };
  let goAt = 0;
  addEventListener("keydown", (event) => {
    if (composing(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && key === "l") {
      event.preventDefault();
      flipTheme();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && key === "Enter" && event.target.matches?.("textarea")) {
      event.preventDefault();
      event.target.form?.requestSubmit();
      return;
    }
    if (walkMenu(event)) return;
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
    if (root.dataset.keys === "off" && key !== "Escape") return;
    if (goAt && Date.now() - goAt < 1200 && follow(`[data-go="${CSS.escape(key)}"]`)) {
      event.preventDefault();
      goAt = 0;
      return;
    }
    goAt = key === "g" ? Date.now() : 0;
    if (keys[key]?.(event)) event.preventDefault();
  });

  all("[data-theme-toggle], [data-keys-help]").forEach((button) => (button.hidden = false));
  window.kezhi = { toast: showToast, keys, one, all, composing, rows, onCursor, follow };
})();
