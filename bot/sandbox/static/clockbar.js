// The bar with the sandbox's date and time, and the quick ways to move them.

import { Refused, Unreachable } from "./api.js";
import { el, icon } from "./dom.js";
import { clockSheet } from "./forms.js";
import { atHour, clockFace, dayOf } from "./shanghai.js";
import { notice } from "./sheet.js";

export class ClockBar {
  #world;
  #host;
  #parts;
  #onTick;
  #day = null;

  /** `host` takes sheets and notices; `onTick(dayChanged)` is called every second and after each change. */
  constructor(world, host, onTick) {
    this.#world = world;
    this.#host = host;
    this.#onTick = onTick;
    this.#parts = this.#build();
    setInterval(() => this.tick(), 1000);
  }

  get root() {
    return this.#parts.root;
  }

  #build() {
    const year = el("span", { class: "clock-year" });
    const date = el("span");
    const time = el("span", { class: "clock-time" });
    const seconds = el("span", { class: "clock-seconds" });
    const open = () => clockSheet(this.#host, this.#world, (change) => this.#world.changeClock(change));
    const root = el(
      "header",
      { class: "clockbar" },
      el("div", { class: "brand" }, el("img", { src: "/phone/static/logo.svg", alt: "" }), "演练平台"),
      el(
        "div",
        { class: "clock", testid: "clock", role: "timer", "aria-label": "演练时间" },
        icon("clock"),
        el("span", {}, year, date, " ", time, seconds),
      ),
      el(
        "div",
        { class: "clock-moves", role: "group", "aria-label": "调时间" },
        el(
          "button",
          { class: "move", testid: "clock-plus-hour", on: { click: () => this.#move(() => ({ advance: 3600 })) } },
          "+1小时",
        ),
        el(
          "button",
          {
            class: "move",
            testid: "clock-tomorrow",
            on: { click: () => this.#move((now) => ({ now: atHour(now, 1, 10) })) },
          },
          "明天10:00",
        ),
        el(
          "button",
          { class: "move", testid: "clock-open", "aria-label": "指定时间", on: { click: open } },
          el("span", { class: "move-long" }, "指定时间"),
          icon("down", "move-short"),
        ),
      ),
    );
    return { root, year, date, time, seconds };
  }

  async #move(change) {
    try {
      await this.#world.changeClock(change(this.#world.now()));
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      notice(this.#host, error.message);
    }
  }

  tick() {
    if (!this.#world.account) return;
    const now = this.#world.now();
    const face = clockFace(now);
    for (const part of ["year", "date", "time", "seconds"]) this.#parts[part].textContent = face[part];
    this.#parts.root.querySelector(".clock").dataset.now = String(Math.floor(now));
    const dayChanged = this.#day !== dayOf(now);
    this.#day = dayOf(now);
    this.#onTick(dayChanged);
  }
}
