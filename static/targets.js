/* Comfort on the grid of targets: totals while typing, arrows and Enter between cells, a pasted Excel
   column. The server's totals and refusals are what counts. */
(() => {
  "use strict";
  const grid = document.getElementById("grid");
  if (!grid) return;
  const inputs = [...grid.querySelectorAll("input")];
  const point = document.documentElement.lang === "en" ? "." : ",";
  const read = (input) => {
    const plain = input.value.replace(/\s/g, "").replace(/(?<![\d.])\d{1,3}(?:\.\d{3})+(?![\d.])/g, (one) => one.replace(/\./g, ""));
    const found = /^(\d+)(?:[-–−](\d+))?$/.exec(plain);
    return found ? [Number(found[1]), Number(found[2] || found[1])] : null;
  };
  const written = (low, high) => (low === high ? `${low}` : `${low}–${high}`);
  const percent = (part, whole) => `${(100 * part / whole).toFixed(1).replace(/\.0$/, "").replace(".", point)}\u00a0%`;
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
    const reserve = grid.dataset.low - high, over = high - grid.dataset.high;
    const words = reserve > 0 ? grid.dataset.reserve : over > 0 ? grid.dataset.over : grid.dataset.exact;
    put("summsg", words.replace("{n}", reserve > 0 ? reserve : over));
    const message = document.getElementById("summsg");
    message.classList.toggle("t-warn", reserve > 0 || over > 0);
    message.classList.toggle("t-ok", reserve <= 0 && over <= 0);
  };
  grid.addEventListener("input", add);

  /* What a paste or a filling changed at once is taken back at once. */
  const undo = document.getElementById("wi-undo");
  let before = null;
  const remember = () => {
    before = inputs.map((input) => input.value);
    if (undo) undo.hidden = false;
  };
  if (undo) undo.addEventListener("click", () => {
    inputs.forEach((input, place) => { input.value = before[place]; });
    undo.hidden = true;
    add();
    save();
    grid.dispatchEvent(new Event("input"));
  });

  /* Each cell is saved when it is left: with the version that the page knows. What could not be
     sent is kept here and sent later; what somebody else saved meanwhile is for the reader to choose. */
  const state = document.getElementById("draft-state"), token = document.querySelector("#grid-form [name=csrfmiddlewaretoken]");
  const unsent = new Set();
  let queue = Promise.resolve();
  const tell = (text) => { if (state) state.textContent = text; };
  const note = (input) => input.closest("tr").querySelector(".nt");
  const clear = (input) => {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    const old = note(input).querySelector(".cell-note");
    if (old) old.remove();
  };
  const say = (input, sentence, buttons) => {
    clear(input);
    const words = document.createElement("span");
    words.className = "err cell-note";
    words.id = `n${input.id}`;
    words.setAttribute("role", "alert");
    words.append(sentence);
    buttons.forEach(([label, act]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn small";
      button.textContent = label;
      button.addEventListener("click", act);
      words.append(" ", button);
    });
    note(input).append(words);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", words.id);
  };
  const kept = (input, found, typed) => {
    const isNewer = input.value.trim() !== typed;  // typed on while it was being saved: sent next
    input.closest("tr").dataset.v = found.version;
    const now = input.value;
    input.defaultValue = found.number;
    input.value = isNewer || document.activeElement === input ? now : found.number;
    const marks = document.querySelector("#grid-form [name=seen]"), key = input.id.slice(1);
    marks.value = marks.value.split(",").map((mark) => (mark.startsWith(`${key}:`) ? `${key}:${found.version}:${found.number}` : mark)).join(",");
    clear(input);
    add();
    if (isNewer && document.activeElement !== input) send(input);
  };
  const settle = (input, found) => say(input, found.sentence, [
    [grid.dataset.theirs.replace("{n}", found.number || "–"), () => { input.value = found.number; kept(input, found, found.number); input.focus(); }],
    [grid.dataset.mine.replace("{n}", input.value.trim() || "–"), () => { input.closest("tr").dataset.v = found.version; send(input); input.focus(); }],
  ]);
  const sent = async (input) => {
    const typed = input.value.trim();
    const body = new URLSearchParams({ unit: input.id.slice(1), number: typed, version: input.closest("tr").dataset.v });
    tell(grid.dataset.saving);
    let answer;
    try {
      answer = await fetch(grid.dataset.url, { method: "POST", body, headers: { "X-CSRFToken": token.value, Accept: "application/json" } });
    } catch {
      unsent.add(input);
      tell(grid.dataset.offline.replace("{n}", unsent.size));
      return;
    }
    if (!(answer.headers.get("Content-Type") || "").includes("json")) { unsent.add(input); tell(grid.dataset.gone); return; }
    unsent.delete(input);
    const found = await answer.json();
    tell(answer.ok ? grid.dataset.saved : "");
    if (answer.ok) kept(input, found, typed);
    else if (answer.status === 409) settle(input, found);
    else say(input, found.sentence, []);
  };
  const send = (input) => { queue = queue.then(() => sent(input)); };
  const save = () => inputs.forEach((input) => { if (input.value.trim() !== input.defaultValue) send(input); });
  if (grid.dataset.url && token) {
    grid.addEventListener("change", (event) => { if (inputs.includes(event.target)) send(event.target); });
    window.addEventListener("online", () => { unsent.forEach(send); });
  }
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
    remember();
    lines.forEach((line, offset) => { const input = inputs[place + offset]; if (input) input.value = line.split("\t").pop().trim(); });
    add();
    save();
  });

  /* What is tried: reckoned while somebody types; the cells change only when told to. */
  const form = document.getElementById("what-if"), box = document.getElementById("wi");
  if (!form || !box) return;
  const { propose, mixed } = window.allocation;
  const asked = (name) => form.elements[name];
  const rows = inputs.map((input) => input.closest("tr"));
  const count = (row, name) => Number(row.dataset[name] || 0);
  const weights = (method, sources) => {
    const parts = {
      pha: { f: sources, m: 100 - sources }, "dang-vien": { m: 1 }, nguon: { f: 1 }, "nam-truoc": { y: 1 }, deu: { one: 1 },
    }[method];
    return mixed({ m: rows.map((row) => count(row, "m")), f: rows.map((row) => count(row, "f")), y: rows.map((row) => count(row, "y")), one: rows.map(() => 1) }, parts);
  };
  let shares = [];
  const reckon = () => {
    const total = read(asked("tong")), sources = Number(asked("nguon").value), method = asked("theo").value;
    document.getElementById("wi-mix").hidden = method !== "pha";
    const words = document.getElementById("wi-words");
    words.textContent = words.dataset.words.replace("{s}", `${sources}\u00a0%`).replace("{m}", `${100 - sources}\u00a0%`);
    if (!total) return;
    const ticked = (name) => asked(name).checked;
    const weight = weights(method, sources);
    const found = propose(total[0], rows.map((row, place) => {
      let floor = ticked("thuc") && count(row, "f") && "i" in row.dataset ? 1 : 0;
      if (ticked("dangky")) floor = Math.max(floor, count(row, "r"));
      const number = ticked("giu") ? read(inputs[place]) : null;
      return { weight: weight[place], floor, ceiling: ticked("tran") ? Math.max(count(row, "f"), floor) : null, locked: number ? number[0] : null, is_exempt: "x" in row.dataset };
    }));
    shares = found.shares;
    rows.forEach((row, place) => { row.querySelector(".pr").textContent = shares[place]; });
    const whole = shares.reduce((all, one) => all + one, 0);
    put("total-proposed", whole);
    const hinders = document.getElementById("wi-hinders");
    hinders.textContent = found.obstacle ? hinders.dataset[found.obstacle].replace("{n}", Math.abs(found.off_by)).replace("{least}", whole) : "";
    const against = rows.flatMap((row, place) => ("r" in row.dataset ? [Math.sign(shares[place] - count(row, "r"))] : []));
    const told = document.getElementById("wi-against"), times = (sign) => against.filter((one) => one === sign).length;
    told.textContent = told.dataset.words.replace("{up}", times(1)).replace("{down}", times(-1)).replace("{same}", times(0));
  };
  document.getElementById("wi-go").hidden = true;
  ["tong", "theo", "nguon", "tran", "thuc", "dangky", "giu"].forEach((name) => asked(name).addEventListener("input", reckon));
  grid.addEventListener("input", () => { if (asked("giu").checked) reckon(); });
  box.querySelectorAll("[data-fill]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    remember();
    inputs.forEach((input, place) => { if (link.dataset.fill === "all" || !input.value.trim()) input.value = shares[place]; });
    add();
    save();
  }));
  reckon();
})();
