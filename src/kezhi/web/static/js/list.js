/* A list: rows selected for the bulk bar, all that match as a second step, a record seen beside the list. */
(() => {
  "use strict";
  const { one, all, keys, rows, onCursor } = window.kezhi;
  const boxOf = (row) => one(".c-check .check", row);
  const bar = () => one("[data-bulk]");
  let lastBox = null;
  let asked = false; // how many match was asked for this selection

  /* Selection */
  const money = (sum) => {
    const currency = document.documentElement.dataset.currency;
    const style = currency ? { style: "currency", currency, currencyDisplay: "narrowSymbol" } : {};
    return new Intl.NumberFormat(document.documentElement.lang, { ...style, notation: "compact", useGrouping: "always", maximumSignificantDigits: 4 }).format(sum);
  };
  const whole = (is) => {
    const field = one("[data-bulk-whole]", bar());
    if (field) field.disabled = !is;
  };
  const showSelection = () => {
    const every = rows().filter(boxOf);
    const chosen = every.filter((row) => boxOf(row).checked);
    every.forEach((row) => row.setAttribute("aria-selected", boxOf(row).checked));
    const head = one("[data-all]");
    if (head) {
      head.checked = every.length > 0 && chosen.length === every.length;
      head.indeterminate = chosen.length > 0 && chosen.length < every.length;
    }
    if (!bar()) return;
    whole(false);
    bar().hidden = !chosen.length;
    one("[data-bulk-count]", bar()).textContent = chosen.length;
    const sum = one("[data-bulk-sum]", bar());
    const figure = sum && one("b", sum);
    if (figure) {
      sum.hidden = !chosen.length;
      figure.textContent = money(chosen.reduce((total, row) => total + Number(row.dataset.amount || 0), 0));
    }
    const more = one("[data-bulk-more]", bar());
    if (!more) return;
    const isPage = head?.checked && one(".pager a[rel]");
    if (!isPage) {
      more.replaceChildren();
      asked = false;
    } else if (!asked) {
      asked = true;
      htmx.ajax("GET", bar().dataset.matches, { target: more, swap: "innerHTML" });
    }
  };
  const selectAll = (is) => {
    rows().forEach((row) => boxOf(row) && (boxOf(row).checked = is));
    showSelection();
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) selectAll(event.target.checked);
    else if (event.target.matches(".c-check .check")) showSelection();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-bulk-clear]")) selectAll(false);
    if (event.target.closest?.("[data-bulk-all]")) {
      const button = event.target.closest("[data-bulk-all]");
      whole(true);
      one("[data-bulk-count]", bar()).textContent = /[\d,]+\+?/.exec(button.textContent)[0];
      one("[data-bulk-sum]", bar()).hidden = true;
      button.parentElement.replaceChildren();
    }
    const row = event.target.closest?.("tr[data-id]");
    if (row && !event.target.closest("a, button, input, select, textarea, label")) {
      all("tr.cursor").forEach((other) => other.classList.remove("cursor"));
      row.classList.add("cursor");
      row.dispatchEvent(new Event("cursor", { bubbles: true }));
    }
    const box = event.target.closest?.(".c-check .check");
    if (!box || box.matches("[data-all]")) return;
    if (event.shiftKey && lastBox?.isConnected) {
      const boxes = rows().map(boxOf).filter(Boolean);
      const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((other) => (other.checked = box.checked));
      showSelection();
    }
    lastBox = box;
  });
  keys.x = (event) =>
    onCursor((row) => {
      const box = boxOf(row);
      if (!box) return;
      box.checked = !box.checked;
      if (event.shiftKey && lastBox?.isConnected && lastBox !== box) {
        const boxes = rows().map(boxOf).filter(Boolean);
        const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
        boxes.slice(from, to + 1).forEach((other) => (other.checked = box.checked));
      }
      lastBox = box;
      showSelection();
    });

  /* Peek: Space opens the panel, J and K walk on with it, Escape closes it. */
  const panel = one("#peek");
  let timer = 0;
  const load = (row) => {
    const address = `${row.closest("[data-list]").dataset.list}${row.dataset.id}/peek/`;
    htmx.ajax("GET", address, { target: panel, swap: "innerHTML" }).then(() => (panel.scrollTop = 0));
  };
  const closePeek = () => {
    if (!panel || panel.hidden) return false;
    panel.hidden = true;
    panel.replaceChildren();
    return true;
  };
  const openPeek = (row) => {
    panel.hidden = false;
    load(row);
  };
  keys[" "] = (event) => {
    if (!panel || event.target.closest("a, button, summary, input, label")) return false;
    return (panel.hidden ? onCursor(openPeek) : closePeek()) || Boolean(one("tr.cursor"));
  };
  document.addEventListener("cursor", (event) => {
    if (!panel || panel.hidden || !event.target.dataset.id) return;
    clearTimeout(timer);
    timer = setTimeout(() => load(event.target), 90);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-peek-close]")) closePeek();
  });

  keys.Escape = () => {
    if (closePeek()) return true;
    if (!one("tr[data-row] .check:checked")) return false;
    selectAll(false);
    return true;
  };
  showSelection();
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt.matches?.("tr, table, tbody, #results") || one("tr[data-row]", event.detail.elt)) showSelection();
  });
})();
