// Sheets that come up from the bottom of a phone (or of the page), the picture viewer, and short notices.

import { el, icon } from "./dom.js";

/**
 * Open a sheet inside `host`. What lies below is inert until it closes, so focus stays inside; Escape and a tap beside
 * it close. `build(close)` gives the content. Returns `close`.
 */
export function openSheet(host, { title, testid, build }) {
  const before = document.activeElement;
  const covered = [...host.children].filter((child) => !child.inert);
  const close = () => {
    layer.remove();
    for (const child of covered) child.inert = false;
    if (before?.isConnected) before.focus({ preventScroll: true });
  };
  const sheet = el(
    "div",
    { class: "sheet", role: "dialog", "aria-modal": "true", "aria-label": title, testid },
    el(
      "div",
      { class: "sheet-head" },
      el("h2", {}, title),
      el(
        "button",
        { class: "round", testid: "sheet-close", "aria-label": "关闭", on: { click: close } },
        icon("close"),
      ),
    ),
    el("div", { class: "sheet-body" }, build(close)),
  );
  const layer = el(
    "div",
    { class: "layer", on: { keydown: (event) => event.key === "Escape" && close() } },
    el("div", { class: "veil", on: { click: close } }),
    sheet,
  );
  for (const child of covered) child.inert = true;
  host.append(layer);
  (
    sheet.querySelector("[data-first]") ??
    sheet.querySelector(".sheet-body button, .sheet-body input") ??
    sheet.querySelector("button")
  ).focus({ preventScroll: true });
  return close;
}

/** Show a picture over the whole of `host`; any tap closes. */
export function showPicture(host, address) {
  const before = document.activeElement;
  const close = () => {
    viewer.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  };
  const viewer = el(
    "button",
    {
      class: "viewer",
      testid: "viewer",
      "aria-label": "关闭大图",
      on: { click: close, keydown: (event) => event.key === "Escape" && close() },
    },
    el("img", { src: address, alt: "", referrerpolicy: "no-referrer" }),
  );
  host.append(viewer);
  viewer.focus({ preventScroll: true });
}

/** A short notice in the middle of `host`, gone by itself. */
export function notice(host, words) {
  host.querySelector(":scope > .notice")?.remove();
  const box = el("div", { class: "notice", role: "status", testid: "notice" }, words);
  host.append(box);
  setTimeout(() => box.remove(), 1500 + words.length * 90);
}

/** Put `text` on the clipboard; true when it worked. */
export async function copy(text) {
  // Browsers offer the clipboard to secure pages only (a phone on the shop's Wi-Fi has none), and may still refuse it.
  const written = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  if (written) return true;
  const field = el("textarea", { class: "offscreen", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
