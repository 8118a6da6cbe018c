/* Files dropped on a panel are sent as if they had been chosen. The panel is swapped, so the document listens. */
(() => {
  "use strict";
  if (window.kezhiFiles) return;
  window.kezhiFiles = true;
  const placeOf = (event) => event.target.closest?.("[data-drop-files]");
  ["dragover", "dragleave", "drop"].forEach((name) =>
    document.addEventListener(name, (event) => {
      const place = placeOf(event);
      if (!place) return;
      event.preventDefault();
      place.classList.toggle("over", name === "dragover");
      const files = event.dataTransfer?.files;
      if (name !== "drop" || !files?.length) return;
      const input = place.querySelector('input[type="file"]');
      input.files = files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }),
  );
})();
