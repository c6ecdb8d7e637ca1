/* Comfort on the grid of a meeting: how many votes are needed, while typing. The server counts again. */
(() => {
  "use strict";
  const form = document.getElementById("meeting");
  if (!form) return;
  const field = (name) => form.elements[name];
  const whole = (input) => (input && /^\d+$/.test(input.value.trim()) ? Number(input.value.trim()) : null);
  const named = (name) => (field(name) ? field(name).value.split(/[\s,;.]+/).filter(Boolean).length : 0);
  const entitled = () =>
    field("entitled") ? whole(field("entitled")) : form.dataset.official - form.dataset.away - named("exempt") - named("suspended");
  const count = () => {
    const people = entitled();
    form.querySelectorAll("tr[data-n]").forEach((row) => {
      const part = row.dataset.n * people, base = Number(row.dataset.d);
      if (!people) return;
      const needed = row.dataset.strict ? Math.floor(part / base) + 1 : Math.ceil(part / base);
      const inFavour = whole(row.querySelector("[name^=in_favour-]")), cell = row.querySelector(".need");
      cell.textContent = `${needed}/${people}`;
      cell.className = `need ${inFavour === null ? "" : inFavour >= needed ? "t-ok" : "t-warn"}`;
      cell.title = inFavour === null ? "" : inFavour >= needed ? form.dataset.enough : form.dataset.short;
    });
  };
  form.addEventListener("input", count);
  count();
})();
