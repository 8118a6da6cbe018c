/* One entry changed where it stands: E or a double click; Enter saves, Tab saves and goes on, Escape brings it back. */
(() => {
  "use strict";
  const { one, all, keys, composing, onCursor, follow } = window.kezhi;
  let lastField = "";
  let wasChecked = false; // whether the row being changed is among the selected
  let going = null; // where Tab goes when the entry is saved

  const place = (cell) => {
    const row = cell.closest("tr[data-id]");
    if (row) return `${row.closest("[data-list]").dataset.list}${row.dataset.id}/cell/${cell.dataset.cell}/${location.search}`;
    const record = cell.closest("[data-record]");
    return record ? `${record.dataset.record}cell/${cell.dataset.cell}/?panel=1` : "";
  };
  const said = (form) => new URLSearchParams(new FormData(form)).toString();
  const close = (cell, focus = true) => {
    if (!cell?.hasAttribute("data-editing")) return;
    cell.removeAttribute("data-editing");
    cell.replaceChildren(...(cell.kept || []));
    cell.style.height = cell.style.minWidth = "";
    if (focus) (cell.closest("tr") || cell).querySelector("a, button")?.blur?.();
  };
  const open = (cell) => {
    const address = cell && place(cell);
    if (!address || cell.hasAttribute("data-editing")) return Boolean(address);
    all("[data-editing]").forEach((other) => close(other, false));
    lastField = cell.dataset.cell;
    cell.kept = [...cell.childNodes];
    // So that neither the row nor the column jumps.
    cell.style.height = `${cell.offsetHeight}px`;
    cell.style.minWidth = `${cell.offsetWidth}px`;
    wasChecked = Boolean(one(".c-check .check:checked", cell.closest("tr") || cell));
    cell.setAttribute("data-editing", "");
    htmx.ajax("GET", address, { target: cell, swap: "innerHTML" }).then(() => {
      const form = one("[data-cell-form]", cell);
      if (!form) close(cell);
    });
    return true;
  };
  const cells = (row) => all("[data-cell]", row).filter((cell) => cell.offsetParent);
  const inRow = (row) => {
    const every = cells(row);
    return every.find((cell) => cell.dataset.cell === lastField) || every.find((cell) => !cell.matches(".c-name")) || every[0];
  };
  const beside = (around, field, step) => {
    const every = cells(around);
    return every[every.findIndex((cell) => cell.dataset.cell === field) + step];
  };

  document.addEventListener("dblclick", (event) => {
    const cell = event.target.closest?.("[data-cell]");
    if (cell && !event.target.closest("a, button, input, select, textarea")) open(cell);
  });
  keys.e = () => onCursor((row) => open(inRow(row))) || follow("[data-edit]");

  document.addEventListener("htmx:afterSettle", (event) => {
    const form = one("[data-cell-form]", event.detail.elt?.closest?.("[data-editing]") || event.detail.elt || document);
    if (!form || form.dataset.before !== undefined) return;
    form.dataset.before = said(form);
    const input = one("[data-cell-input]", form) || one("input:not([type=hidden]), select, textarea", form);
    input?.focus();
    if (input?.select && input.type !== "checkbox") input.select();
  });
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("[data-cell-form]");
    if (!form || composing(event) || event.defaultPrevented) return;
    const cell = form.closest("[data-editing]");
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(cell);
    } else if (event.key === "Enter" && (event.target.tagName !== "TEXTAREA" || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Tab" && !event.target.matches("[type=checkbox], [type=radio]")) {
      event.preventDefault();
      const row = cell.closest("tr[data-id]");
      going = { row: row?.dataset.id, record: row ? null : cell.closest("[data-record]"), field: cell.dataset.cell, step: event.shiftKey ? -1 : 1 };
      form.requestSubmit();
    }
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest?.("[data-cell-form]");
    if (!form || !event.relatedTarget || form.contains(event.relatedTarget) || form.dataset.sending) return;
    if (said(form) === form.dataset.before) close(form.closest("[data-editing]"), false);
    else form.requestSubmit();
  });
  // The saved row takes the place of the old one: the cursor stays, and Tab goes on.
  document.addEventListener("htmx:load", (event) => {
    const row = event.detail.elt;
    if (row.matches?.("tr[data-id]")) {
      all("tr.cursor").forEach((other) => other.classList.remove("cursor"));
      row.classList.add("cursor");
      const box = one(".c-check .check", row);
      if (box && wasChecked) {
        box.checked = true;
        box.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
    if (!going) return;
    const around = going.row ? (row.dataset?.id === going.row ? row : null) : going.record;
    if (!around?.isConnected || one("[data-cell-form]", around)) return;
    const next = beside(around, going.field, going.step);
    going = null;
    if (next) setTimeout(() => open(next));
  });
  document.addEventListener("htmx:responseError", () => (going = null));
})();
