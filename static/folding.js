/* Groups of the grid of targets fold and unfold at their heading. Without script all of them are open. */
(() => {
  "use strict";
  const set = (body, isOpen) => {
    body.classList.toggle("folded", !isOpen);
    body.querySelector(".fold").setAttribute("aria-expanded", isOpen);
  };
  document.querySelectorAll("#grid tbody > .grp > th[scope=rowgroup]").forEach((heading) => {
    const body = heading.closest("tbody"), button = document.createElement("button");
    button.type = "button";
    button.className = "fold";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => set(body, body.classList.contains("folded")));
    heading.append(button);
    set(body, true);
  });
  window.folding = { unfold: (row) => { const body = row.closest("tbody.folded"); if (body) set(body, true); } };
})();
