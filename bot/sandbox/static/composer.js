// The foot of a phone: text field, menu bar with pop-up sub-menus, the ＋ panel, or the follow bar of a stranger.

import { el, icon } from "./dom.js";

const FEET = {
  contact: [
    ["scan", "扫活码", "primary"],
    ["friends", "加好友、删好友", "secondary"],
  ],
  chat: [
    ["members", "群成员", "primary"],
    ["join", "进群", "secondary"],
  ],
};
const NOTES = {
  contact: "客户和店员聊什么，应用看不到；这里只显示经应用发出的。",
  chat: "群里聊什么，应用看不到；这里只显示群发和进出。",
  robot: "这是店员自己的内部群，群机器人只能在这里说话。",
};

const PANEL = [
  ["picture", "图片", "send-picture"],
  ["voice", "语音", "send-voice"],
  ["place", "位置", "send-place"],
  ["scan", "扫一扫", "scan"],
  ["tasks", "群发任务", "tasks-open"],
];

/** Channel codes are for customers, group-send tasks for members of the company. */
const fitsPanel = (what, { kind }) => (what === "scan" ? !kind : what === "tasks" ? kind === "member" : true);

function footOf({ kind, follows }, hasMenu) {
  if (kind && kind !== "member") return kind;
  if (kind) return "typing";
  return !follows ? "stranger" : hasMenu ? "menu" : "typing";
}

export class Composer {
  #does;
  #parts;
  #typing = new Map(); // openid → true while the text field is shown although the account has a menu
  #drafts = new Map();
  #person = null;
  #menu = "";
  #painted = "";

  /** `does`: {say(text), follow(), open(what), act(what), tap(button)}. */
  constructor(does) {
    this.#does = does;
    this.#parts = this.#build();
  }

  get root() {
    return this.#parts.root;
  }

  #build() {
    const input = el("textarea", {
      class: "input",
      rows: "1",
      testid: "input",
      "aria-label": "输入消息",
      enterkeyhint: "send",
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event), focus: () => this.#fold() },
    });
    const send = el("button", { class: "send", testid: "send", on: { click: () => this.#say() } }, "发送");
    const plus = el(
      "button",
      {
        class: "foot-icon",
        testid: "plus",
        "aria-label": "更多：图片、语音、位置、扫一扫",
        "aria-expanded": "false",
        on: { click: () => this.#togglePanel() },
      },
      icon("plus"),
    );
    const toMenu = el(
      "button",
      {
        class: "foot-icon",
        testid: "menu-toggle",
        "aria-label": "切换到菜单",
        on: { click: () => this.#switch(false) },
      },
      icon("menu"),
    );
    const toKeys = el(
      "button",
      {
        class: "foot-icon",
        testid: "menu-toggle",
        "aria-label": "切换到键盘",
        on: { click: () => this.#switch(true) },
      },
      icon("keyboard"),
    );
    const buttons = el("div", { class: "menu-buttons", testid: "menu" });
    const panel = el(
      "div",
      { class: "panel", testid: "panel", hidden: true },
      PANEL.map(([what, label, testid]) =>
        el(
          "button",
          { class: "panel-item", testid, "data-what": what, on: { click: () => this.#fromPanel(what) } },
          el("span", { class: "panel-icon" }, icon(what)),
          label,
        ),
      ),
    );
    const typing = el("div", { class: "foot-line" }, toMenu, input, send, plus);
    const menu = el("div", { class: "foot-line foot-menu" }, toKeys, buttons);
    const stranger = el(
      "div",
      { class: "foot-line foot-follow" },
      el("button", { class: "primary", testid: "follow", on: { click: () => this.#does.follow() } }, "关注公众号"),
      el(
        "button",
        { class: "secondary", testid: "scan", on: { click: () => this.#does.open("scan") } },
        icon("scan"),
        "扫码关注",
      ),
    );
    return { root: el("footer", { class: "foot" }), input, send, plus, toMenu, buttons, panel, typing, menu, stranger };
  }

  /** Show the foot that fits `person` and `menu` (the account's, or null). */
  paint(person, menu) {
    if (this.#person?.openid !== person.openid) this.#changeTo(person.openid);
    this.#person = person;
    // By what stands in it: a person's own menu arrives anew with every change of the person.
    const shown = JSON.stringify(menu);
    if (this.#menu !== shown) {
      this.#menu = shown;
      this.#parts.buttons.replaceChildren(...(menu?.button ?? []).map((button, i) => this.#menuButton(button, i)));
    }
    const hasMenu = (menu?.button ?? []).length > 0;
    const wanted = footOf(person, hasMenu && !this.#isTyping());
    this.#parts.toMenu.hidden = !hasMenu || person.kind !== undefined;
    for (const item of this.#parts.panel.children) item.hidden = !fitsPanel(item.dataset.what, person);
    if (wanted === this.#painted) return;
    this.#painted = wanted;
    this.#fold();
    const line = this.#parts[wanted] ?? this.#companyFoot(wanted);
    this.#parts.root.replaceChildren(line, ...(wanted === "typing" ? [this.#parts.panel] : []));
    this.#typed();
  }

  /** On the company's side only members write to the app; what others do is done by sheets. */
  #companyFoot(kind) {
    const buttons = (FEET[kind] ?? []).map(([what, words, className]) =>
      el("button", { class: className, testid: `foot-${what}`, on: { click: () => this.#does.act(what) } }, words),
    );
    return el(
      "div",
      { class: "foot-company" },
      buttons.length > 0 && el("div", { class: "foot-line foot-follow" }, buttons),
      el("p", { class: "foot-note" }, NOTES[kind]),
    );
  }

  #changeTo(openid) {
    if (this.#person) this.#drafts.set(this.#person.openid, this.#parts.input.value);
    this.#parts.input.value = this.#drafts.get(openid) ?? "";
    this.#fold();
    this.#typed();
  }

  /** Merchants come to type commands, customers meet the menu first, as on a real phone. */
  #isTyping() {
    return this.#typing.get(this.#person.openid) ?? this.#person.role === "merchant";
  }

  #switch(typing) {
    this.#typing.set(this.#person.openid, typing);
    this.paint(this.#person, this.#menu);
    (typing ? this.#parts.input : this.#parts.buttons.querySelector("button"))?.focus();
  }

  focus() {
    if (this.#painted === "typing") this.#parts.input.focus({ preventScroll: true });
  }

  #typed() {
    const { input, send, plus } = this.#parts;
    const empty = input.value.trim() === "";
    send.hidden = empty;
    plus.hidden = !empty;
    input.style.height = "auto";
    if (input.isConnected) input.style.height = `${Math.min(input.scrollHeight, 132)}px`;
  }

  #key(event) {
    // While an input method is composing, Enter picks a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#say();
  }

  #say() {
    const text = this.#parts.input.value;
    if (text.trim() === "") return;
    this.#parts.input.value = "";
    this.#typed();
    this.#parts.input.focus({ preventScroll: true });
    this.#does.say(text);
  }

  #togglePanel() {
    const { panel, plus } = this.#parts;
    panel.hidden = !panel.hidden;
    plus.setAttribute("aria-expanded", String(!panel.hidden));
  }

  #fromPanel(what) {
    this.#fold();
    this.#does.open(what);
  }

  /** Put panel and sub-menus away. */
  #fold() {
    this.#parts.panel.hidden = true;
    this.#parts.plus.setAttribute("aria-expanded", "false");
    this.closeMenus();
  }

  // --- menu ---------------------------------------------------------------------------------------------------

  #menuButton(button, i) {
    const children = button.sub_button ?? [];
    const top = el(
      "button",
      { class: "menu-top", testid: "menu-button", "data-index": i, "data-key": button.key ?? null },
      children.length > 0 && icon("submenu"),
      el("span", {}, button.name),
    );
    const cell = el("div", { class: "menu-cell" }, top);
    if (children.length === 0) {
      top.addEventListener("click", () => this.#tap(button));
      return cell;
    }
    const list = el(
      "div",
      { class: "submenu", role: "menu", "aria-label": button.name, hidden: true },
      children.map((child) =>
        el(
          "button",
          {
            class: "submenu-item",
            role: "menuitem",
            testid: "menu-item",
            "data-key": child.key ?? null,
            on: { click: () => this.#tap(child) },
          },
          child.name,
        ),
      ),
    );
    top.setAttribute("aria-haspopup", "menu");
    top.setAttribute("aria-expanded", "false");
    top.addEventListener("click", () => {
      const opening = list.hidden;
      this.closeMenus();
      list.hidden = !opening;
      top.setAttribute("aria-expanded", String(opening));
    });
    cell.append(list);
    return cell;
  }

  closeMenus() {
    for (const cell of this.#parts.buttons.children) {
      const list = cell.querySelector(".submenu");
      if (!list) continue;
      list.hidden = true;
      cell.firstChild.setAttribute("aria-expanded", "false");
    }
  }

  #tap(button) {
    this.closeMenus();
    this.#does.tap(button);
  }
}
