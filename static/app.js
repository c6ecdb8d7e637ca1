/* Comfort only: every page reads and every form sends without it. At most 3 KB gzipped (tests/ui). */
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const typing = (element) => /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable;

  /* The summary of errors is read first. */
  const alert = $("[role=alert][autofocus]");
  if (alert) alert.focus();

  /* A form goes once: its buttons rest, at their width, until the answer comes. */
  const rest = (form, resting) => {
    form.dataset.sent = resting ? "1" : "";
    form.querySelectorAll("button:not([type=button])").forEach((button) => {
      if (resting) button.style.width = button.offsetWidth + "px";
      button.disabled = resting;
      button.setAttribute("aria-busy", resting);
    });
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent === "1") return event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => rest(form, true)); /* after the browser has read the pressed button's value */
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent='1']").forEach((form) => rest(form, false));
  });

  /* Keys: / search, ? help, g then a letter goes, Alt+S saves. Single keys can be switched off. */
  let going = false;
  document.addEventListener("keydown", (event) => {
    if (event.altKey && event.key.toLowerCase() === "s") {
      const button = $("main form[method=post] .btn.pri") || $(".bar-sticky .btn.pri");
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (event.key === "Escape") return closeMenu();
    if (root.dataset.keys === "off" || root.dataset.present || event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return;
    if (going) {
      going = false;
      const link = $(`.nav [data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
    } else if (event.key === "/") {
      const search = $("#search") || $("main [type=search]");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (event.key === "?") {
      $(".foot a").click();
    } else if (event.key === "g") {
      going = true;
      setTimeout(() => { going = false; }, 1500);
    }
  });

  const closeMenu = () => {
    const menu = $(".menu[open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); }
  };
  document.addEventListener("click", (event) => {
    const menu = $(".menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  /* Meeting mode: one section a screen; arrows and PageUp/PageDown, Esc leaves. */
  const present = (on) => {
    if (on) root.dataset.present = "1"; else delete root.dataset.present;
    scrollTo(0, 0);
  };
  const presenter = $("#present");
  if (presenter) {
    presenter.hidden = false;
    presenter.addEventListener("click", () => {
      present(true);
      if (root.requestFullscreen) root.requestFullscreen().catch(() => {});
    });
    document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) present(false); });
    document.addEventListener("keydown", (event) => {
      if (!root.dataset.present) return;
      if (event.key === "Escape") return present(false);
      const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
      if (step) { event.preventDefault(); scrollBy({ top: step * innerHeight * 0.9 }); }
    });
  }

  /* htmx: the token that Django asks for; a line that says so when the server can't be reached. */
  document.addEventListener("htmx:configRequest", (event) => {
    const token = $("[name=csrfmiddlewaretoken]");
    if (token) event.detail.headers["X-CSRFToken"] = token.value;
  });
  const offline = (shown) => {
    const note = $("#offline");
    if (note) note.hidden = !shown;
  };
  document.addEventListener("htmx:sendError", () => offline(true));
  document.addEventListener("htmx:responseError", () => offline(true));
  document.addEventListener("htmx:afterOnLoad", () => offline(false));
})();
