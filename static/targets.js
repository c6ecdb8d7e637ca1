/* Comfort on the grid of targets: totals while typing, arrows and Enter between cells, a pasted Excel
   column. The server's totals and refusals are what counts. */
(() => {
  "use strict";
  const grid = document.getElementById("grid");
  if (!grid) return;
  const inputs = [...grid.querySelectorAll("input")];
  const point = document.documentElement.lang === "en" ? "." : ",";
  const read = (input) => {
    const found = /^(\d+)(?:[-–−](\d+))?$/.exec(input.value.replace(/[\s.]/g, ""));
    return found ? [Number(found[1]), Number(found[2] || found[1])] : null;
  };
  const written = (low, high) => (low === high ? `${low}` : `${low}–${high}`);
  const percent = (part, whole) => `${(100 * part / whole).toFixed(1).replace(".", point)}\u00a0%`;
  const put = (id, text) => { const element = document.getElementById(id); if (element) element.textContent = text; };
  const add = () => {
    let low = 0, high = 0, members = 0;
    inputs.forEach((input) => {
      const row = input.closest("tr"), of = Number(row.dataset.m || 0), number = read(input);
      members += of;
      input.classList.toggle("changed", input.value !== input.defaultValue);
      row.querySelector(".rt").textContent = number && of ? percent(number[0], of) : "–";
      if (number) { low += number[0]; high += number[1]; }
    });
    put("total", written(low, high));
    put("sum", written(low, high));
    if (members) put("total-percent", percent(low, members));
    put("bar-sum", written(low, high));
    if (!grid.dataset.low) return;
    const reserve = grid.dataset.low - high, over = low - grid.dataset.high;
    const words = reserve > 0 ? grid.dataset.reserve : over > 0 ? grid.dataset.over : grid.dataset.exact;
    put("summsg", words.replace("{n}", reserve > 0 ? reserve : over));
    const message = document.getElementById("summsg");
    message.classList.toggle("t-warn", reserve > 0 || over > 0);
    message.classList.toggle("t-ok", reserve <= 0 && over <= 0);
  };
  grid.addEventListener("input", add);
  grid.addEventListener("keydown", (event) => {
    const place = inputs.indexOf(event.target);
    const step = { ArrowDown: 1, Enter: 1, ArrowUp: -1 }[event.key];
    if (place < 0 || !step) return;
    event.preventDefault();
    const next = inputs[place + step];
    if (next) { next.focus(); next.select(); }
  });
  grid.addEventListener("paste", (event) => {
    const place = inputs.indexOf(event.target);
    const lines = event.clipboardData.getData("text").trim().split(/\r?\n/);
    if (place < 0 || lines.length < 2) return;
    event.preventDefault();
    lines.forEach((line, offset) => { const input = inputs[place + offset]; if (input) input.value = line.split("\t").pop().trim(); });
    add();
  });
})();
