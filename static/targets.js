/* Comfort on the grid of targets: totals while typing, arrows and Enter between cells, a pasted Excel
   column. The server's totals and refusals are what counts. */
(() => {
  "use strict";
  const grid = document.getElementById("grid");
  if (!grid) return;
  const inputs = [...grid.querySelectorAll("input")];
  /* A narrowed list keeps the rows that it leaves out, with their numbers: totals and shares count them. */
  const rows = [...grid.querySelectorAll("tbody > tr:not(.grp)")];
  const field = (row) => row.querySelector("input");
  const key = (row) => row.dataset.k || field(row).id.slice(1);
  const point = document.documentElement.lang === "en" ? "." : ",";
  const read = (text) => {
    const plain = text.replace(/\s/g, "").replace(/(?<![\d.])\d{1,3}(?:\.\d{3})+(?![\d.])/g, (one) => one.replace(/\./g, ""));
    const found = /^(\d+)(?:[-–−](\d+))?$/.exec(plain);
    return found ? [Number(found[1]), Number(found[2] || found[1])] : null;
  };
  const typed = (row) => (field(row) ? field(row).value : row.dataset.n);
  const written = (low, high) => (low === high ? `${low}` : `${low}–${high}`);
  const percent = (part, whole) => `${(100 * part / whole).toFixed(1).replace(/\.0$/, "").replace(".", point)}\u00a0%`;
  const put = (id, text) => { const element = document.getElementById(id); if (element) element.textContent = text; };
  const sum = (some) => some.reduce(([low, high], row) => {
    const number = read(typed(row));
    return number ? [low + number[0], high + number[1]] : [low, high];
  }, [0, 0]);
  const loaded = new Map(inputs.map((input) => [input, input.defaultValue]));
  const show = (input) => {
    const row = input.closest("tr"), of = Number(row.dataset.m || 0), number = read(input.value);
    input.classList.toggle("changed", input.value !== input.defaultValue);
    row.querySelector(".rt").textContent = number && of ? percent(number[0], of) : "–";
    row.querySelectorAll(".cn").forEach((one) => { one.hidden = input.value !== loaded.get(input); });
  };
  const add = () => {
    inputs.forEach(show);
    grid.querySelectorAll(".gs").forEach((one) => { one.textContent = written(...sum(rows.filter((row) => row.parentNode === one.closest("tbody")))); });
    const [low, high] = sum(rows), members = rows.reduce((all, row) => all + Number(row.dataset.m || 0), 0);
    put("total", written(low, high));
    put("sum", written(low, high));
    if (members) put("total-percent", percent(low, members));
    put("bar-sum", written(low, high));
    const blank = rows.filter((row) => !typed(row).trim()).length;
    const reserve = grid.dataset.low - high, over = high - grid.dataset.high;
    const differs = (reserve > 0 ? grid.dataset.reserve.replace("{n}", reserve) : "") || (over > 0 ? grid.dataset.over.replace("{n}", over) : "");
    put("bar-message", [differs, blank ? grid.dataset.blank.replace("{n}", blank) : ""].filter(Boolean).join(" · "));
    if (!grid.dataset.low) return;
    put("summsg", differs || grid.dataset.exact);
    const message = document.getElementById("summsg");
    message.classList.toggle("t-warn", reserve > 0 || over > 0);
    message.classList.toggle("t-ok", reserve <= 0 && over <= 0);
  };
  grid.addEventListener("input", add);

  /* What a paste or a filling changed at once is taken back at once. */
  const undo = document.getElementById("wi-undo");
  let changes = [], isFresh = false;
  const change = (numbers) => {
    changes = [...numbers].filter(([input, text]) => input.value !== text).map(([input, text]) => ({ input, text, before: input.value }));
    changes.forEach(({ input, text }) => { input.value = text; if (window.folding) window.folding.unfold(input); });
    undo.hidden = !changes.length;
    isFresh = true;
    add();
    save();
    grid.dispatchEvent(new Event("input"));
  };
  const takeBack = () => {
    // What was typed over since then is somebody's own.
    const back = changes.filter(({ input, text }) => input.value === text);
    back.forEach(({ input, before }) => { input.value = before; });
    undo.hidden = true;
    isFresh = false;
    add();
    back.forEach(({ input }) => send(input));
    grid.dispatchEvent(new Event("input"));
  };
  undo.addEventListener("click", takeBack);
  document.addEventListener("input", () => { isFresh = false; });  // from then on, each field undoes its own
  document.addEventListener("keydown", (event) => {
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";
    const elsewhere = event.target.closest("input, select, textarea") && !inputs.includes(event.target);
    if (!isUndo || !isFresh || elsewhere) return;
    event.preventDefault();
    takeBack();
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
    if (window.folding) window.folding.unfold(input);
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
    changes.forEach((one) => { if (one.input === input && one.text.trim() === typed) one.text = found.number; });
    const now = input.value;
    input.defaultValue = found.number;
    input.value = isNewer || document.activeElement === input ? now : found.number;
    const marks = document.querySelector("#grid-form [name=seen]"), unit = input.id.slice(1);
    marks.value = marks.value.split(",").map((mark) => (mark.startsWith(`${unit}:`) ? `${unit}:${found.version}:${found.number}` : mark)).join(",");
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
  const waiting = new Set();  // sent with what stands in the cell when its turn comes
  const send = (input) => {
    if (waiting.has(input)) return;
    waiting.add(input);
    queue = queue.then(() => { waiting.delete(input); return sent(input); });
  };
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
    const next = (step > 0 ? inputs.slice(place + 1) : inputs.slice(0, place).reverse()).find((input) => input.offsetParent);
    if (next) { next.focus(); next.select(); }
  });
  /* A column of numbers goes into the cells from here on; of several columns none is guessed at. */
  const refuse = (input, sentence) => {
    say(input, sentence, []);
    input.addEventListener("input", () => clear(input), { once: true });
  };
  grid.addEventListener("paste", (event) => {
    const place = inputs.indexOf(event.target);
    const lines = event.clipboardData.getData("text").replace(/\r?\n$/, "").split(/\r?\n/).map((line) => line.split("\t").map((one) => one.trim()));
    const wide = Math.max(...lines.map((line) => line.length));
    if (place < 0 || (lines.length < 2 && wide < 2)) return;
    event.preventDefault();
    const columns = Array.from({ length: wide }, (_none, at) => lines.map((line) => line[at] || "")).filter((column) => column.some(Boolean));
    if (columns.length > 1) { refuse(event.target, grid.dataset.wide.replace("{n}", columns.length)); return; }
    const column = columns[0] || [], cells = inputs.slice(place);
    if (column.slice(cells.length).some(Boolean)) { refuse(event.target, grid.dataset.long.replace("{n}", column.length).replace("{m}", cells.length)); return; }
    clear(event.target);
    change(cells.slice(0, column.length).map((input, at) => [input, column[at]]));
  });

  /* What is tried: reckoned while somebody types; the cells change only when told to. */
  const form = document.getElementById("what-if"), box = document.getElementById("wi");
  if (!form || !box) return;
  const { propose, mixed, bounded, fault } = window.allocation;
  const asked = (name) => form.elements[name];
  const count = (row, name) => Number(row.dataset[name] || 0);
  const weights = (method, sources) => {
    const parts = {
      pha: { f: sources, m: 100 - sources }, "dang-vien": { m: 1 }, nguon: { f: 1 }, "nam-truoc": { y: 1 }, deu: { one: 1 },
    }[method];
    return mixed({ m: rows.map((row) => count(row, "m")), f: rows.map((row) => count(row, "f")), y: rows.map((row) => count(row, "y")), one: rows.map(() => 1) }, parts);
  };
  /* What is set for one unit alone: its fields, and on the last row the choice of a unit. */
  const singles = document.getElementById("wi-singles"), last = [...singles.querySelectorAll("fieldset")].pop();
  const chooser = last.querySelector("select"), names = { it: "floor", nhieu: "ceiling", co: "locked" };
  const faulty = { crossed: "nhieu", outside: "co", no_part: "mien", no_source: "it" };
  const part = (single, name) => [...single.querySelectorAll("input")].find((one) => one.name.split("-")[0] === name);
  const wrong = (single, at, words) => {
    const old = single.querySelector(".err");
    if (at && old && old.id === `${at.id}_error` && old.textContent === words) return;
    single.querySelectorAll(".err").forEach((one) => one.remove());
    single.querySelectorAll("[aria-invalid]").forEach((one) => { one.removeAttribute("aria-invalid"); one.removeAttribute("aria-describedby"); });
    if (!at) return;
    const told = document.createElement("p");
    told.className = "err";
    told.id = `${at.id}_error`;
    told.setAttribute("role", "alert");
    told.textContent = words;
    single.append(told);
    at.setAttribute("aria-invalid", "true");
    at.setAttribute("aria-describedby", told.id);
  };
  const bound = (single) => {
    const found = { is_exempt: part(single, "mien").checked }, bad = [];
    Object.entries(names).forEach(([name, to]) => {
      const text = part(single, name).value.trim(), number = read(text);
      if (number && number[0] === number[1] && !/[-–−]/.test(text)) [found[to]] = number;
      else if (text) bad.push(part(single, name));
    });
    return { found, bad: bad[0], isSet: found.is_exempt || bad.length || Object.values(names).some((to) => to in found) };
  };
  /* Returns {key of the unit: bound}, or null where one of them cannot be reckoned with. */
  const bounds = (units) => {
    const all = new Map();
    let isWell = true;
    singles.querySelectorAll("fieldset").forEach((single) => {
      const { found, bad, isSet } = bound(single), unit = single === last ? chooser.value : single.dataset.k;
      const why = unit && isSet && !bad ? fault(units.get(unit), found) : "";
      if (bad) wrong(single, bad, singles.dataset.number);
      else if (isSet && !unit) wrong(single, chooser, singles.dataset.unit);
      else wrong(single, why && part(single, faulty[why]), singles.dataset[why]);
      if (bad || why) isWell = false;
      else if (unit && isSet) all.set(unit, found);
    });
    return isWell ? all : null;
  };
  const more = document.getElementById("wi-more");
  more.hidden = false;
  more.addEventListener("click", () => {
    if (!chooser.value) { chooser.focus(); return; }
    const one = last.cloneNode(true), unit = chooser.value, [chosen] = chooser.selectedOptions;
    one.dataset.k = unit;
    one.querySelector("legend").textContent = chosen.text;
    one.querySelector("select").closest(".fld").remove();
    one.querySelectorAll("input").forEach((input) => { input.name += `-${unit}`; });
    one.querySelectorAll("[id], [for]").forEach((element) => ["id", "htmlFor"].forEach((name) => { if (element[name]) element[name] += `-${unit}`; }));
    last.before(one);
    chosen.remove();
    chooser.value = "";
    last.querySelectorAll("input").forEach((input) => { input.value = input.type === "checkbox" ? input.value : ""; input.checked = false; });
    chooser.focus();
    reckon();
  });

  let shares = [];
  const byRules = (weight) => {
    const ticked = (name) => asked(name).checked;
    return rows.map((row, place) => {
      let floor = ticked("thuc") && count(row, "f") && "i" in row.dataset ? 1 : 0;
      if (ticked("dangky")) floor = Math.max(floor, count(row, "r"));
      const number = ticked("giu") ? read(typed(row)) : null;
      return { weight: weight[place], floor, ceiling: ticked("tran") ? Math.max(count(row, "f"), floor) : null, locked: number ? number[0] : null, is_exempt: "x" in row.dataset };
    });
  };
  const mix = () => {
    const sources = Number(asked("nguon").value), method = asked("theo").value;
    document.getElementById("wi-mix").hidden = method !== "pha";
    const words = document.getElementById("wi-words");
    words.textContent = words.dataset.words.replace("{s}", `${sources}\u00a0%`).replace("{m}", `${100 - sources}\u00a0%`);
    return weights(method, sources);
  };
  const reckon = () => {
    const asks = read(asked("tong").value), total = asks && asks[0] === asks[1] ? asks[0] : null, units = byRules(mix()), own = bounds(new Map(rows.map((row, place) => [key(row), units[place]])));
    const hinders = document.getElementById("wi-hinders");
    shares = [];
    hinders.textContent = total === null ? hinders.dataset.total : "";
    if (total === null || !own) {
      rows.forEach((row) => { const cell = row.querySelector(".pr"); if (cell) cell.textContent = "–"; });
      put("total-proposed", "–");
      return;
    }
    const found = propose(total, units.map((unit, place) => bounded(unit, own.get(key(rows[place])) || {})));
    shares = found.shares;
    rows.forEach((row, place) => { const cell = row.querySelector(".pr"); if (cell) cell.textContent = shares[place]; });
    const whole = shares.reduce((all, one) => all + one, 0);
    put("total-proposed", whole);
    hinders.textContent = found.obstacle ? hinders.dataset[found.obstacle].replace("{n}", Math.abs(found.off_by)).replace("{least}", whole) : "";
    const against = rows.flatMap((row, place) => ("r" in row.dataset ? [Math.sign(shares[place] - count(row, "r"))] : []));
    const told = document.getElementById("wi-against"), times = (sign) => against.filter((one) => one === sign).length;
    told.textContent = told.dataset.words.replace("{up}", times(1)).replace("{down}", times(-1)).replace("{same}", times(0));
  };
  document.getElementById("wi-go").hidden = true;
  ["tong", "theo", "nguon", "tran", "thuc", "dangky", "giu"].forEach((name) => asked(name).addEventListener("input", reckon));
  singles.addEventListener("input", reckon);
  grid.addEventListener("input", () => { if (asked("giu").checked) reckon(); });
  box.querySelectorAll("[data-fill]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    const isAll = link.dataset.fill === "all";
    if (!shares.length) { (document.querySelector("#wi [aria-invalid]") || asked("tong")).focus(); return; }
    change(rows.flatMap((row, place) => (field(row) && (isAll || !field(row).value.trim()) ? [[field(row), `${shares[place]}`]] : [])));
  }));
  mix();
  if (!box.querySelector("[aria-invalid]")) reckon();  // what the server refused stays told until it is changed
})();
