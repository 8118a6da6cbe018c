/* What is left until a promise is due, by the second: the server wrote it, here it runs on. */
(() => {
  "use strict";
  const two = (count) => String(count).padStart(2, "0");
  const show = (place) => {
    const left = Math.round((Date.parse(place.dateTime) - Date.now()) / 1000);
    if (Number.isNaN(left)) return;
    const size = Math.abs(left);
    place.textContent = `${left < 0 ? "+" : ""}${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}:${two(size % 60)}`;
  };
  const tick = () => document.querySelectorAll("time[data-deadline]").forEach(show);
  tick();
  setInterval(tick, 1000);
})();
