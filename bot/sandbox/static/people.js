// The list of people: search, filter, unread marks, last words.

import { arrange, avatar, el, fill, icon, oncePerFrame } from "./dom.js";
import { listTime } from "./shanghai.js";

// A population of thousands is listed in portions: rows below the fold cost nothing until somebody scrolls there.
const PORTION = 80;
const FILTERS = [
  ["all", "全部"],
  ["following", "已关注"],
  ["away", "未关注"],
];

export class People {
  #world;
  #choose;
  #create;
  #rows = new Map(); // openid → row with the person and label it shows
  #filter = "all";
  #shown = PORTION;
  #open = new Map(); // openid → "focused" | "open"
  #parts;

  /** `onChoose(openid)`; `onCreate(name)` opens the form for a new customer; `onAccount()` shows the account. */
  constructor(world, { onChoose, onCreate, onAccount }) {
    this.#world = world;
    this.#choose = onChoose;
    this.#create = onCreate;
    this.#parts = this.#build(onAccount);
    this.paint = oncePerFrame(() => this.#paint());
  }

  get root() {
    return this.#parts.root;
  }

  /** Tell which people stand on the phones, so that their rows are marked. */
  mark(open) {
    this.#open = open;
    this.paint();
  }

  #build(onAccount) {
    const title = el("span", { class: "people-title" }, "演练平台");
    const search = el("input", {
      type: "search",
      class: "search-field",
      testid: "people-search",
      placeholder: "搜索",
      "aria-label": "按名字搜索",
      autocomplete: "off",
      on: { input: () => this.#restart() },
    });
    const filters = FILTERS.map(([name, label]) =>
      el(
        "button",
        {
          class: "filter",
          testid: `filter-${name}`,
          "aria-pressed": String(name === this.#filter),
          on: { click: () => this.#setFilter(name) },
        },
        label,
      ),
    );
    const count = el("span", { class: "people-count", testid: "people-count" });
    const list = el("ul", {
      class: "people-list",
      testid: "people-list",
      "aria-label": "联系人",
      on: { keydown: (event) => this.#walk(event) },
    });
    const nothing = el("div", { class: "people-none", hidden: true });
    const scroll = el("div", { class: "people-scroll", on: { scroll: () => this.#more() } }, list, nothing);
    const root = el(
      "nav",
      { class: "people", "aria-label": "人" },
      el(
        "div",
        { class: "people-head" },
        el(
          "button",
          { class: "people-account", testid: "account", title: "公众号", on: { click: onAccount } },
          title,
          icon("forward"),
        ),
        el(
          "button",
          {
            class: "round",
            testid: "person-new",
            title: "新建顾客",
            "aria-label": "新建顾客",
            on: { click: () => this.#create("") },
          },
          icon("add-person"),
        ),
      ),
      el("div", { class: "search" }, icon("search"), search),
      el("div", { class: "filters", role: "group", "aria-label": "筛选" }, filters, count),
      scroll,
    );
    return { root, title, search, filters, count, list, nothing, scroll };
  }

  /** Everybody again, as after somebody new was made from a search that found nobody. */
  showAll() {
    this.#parts.search.value = "";
    this.#setFilter("all");
  }

  #setFilter(name) {
    this.#filter = name;
    for (const [i, [other]] of FILTERS.entries())
      this.#parts.filters[i].setAttribute("aria-pressed", String(other === name));
    this.#restart();
  }

  #restart() {
    this.#shown = PORTION;
    this.#parts.scroll.scrollTop = 0;
    this.paint();
  }

  #more() {
    const { scrollTop, clientHeight, scrollHeight } = this.#parts.scroll;
    if (scrollTop + clientHeight < scrollHeight - 400) return;
    this.#shown += PORTION;
    this.paint();
  }

  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...this.#parts.list.querySelectorAll("button")];
    rows[rows.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  }

  #wanted() {
    const words = this.#parts.search.value.trim().toLowerCase();
    const all = [...this.#world.people.values()];
    const fits = (person) =>
      (this.#filter === "all" || person.follows === (this.#filter === "following")) &&
      (words === "" || `${person.name}\n${person.remark}\n${person.openid}`.toLowerCase().includes(words));
    const staff = all.filter((person) => person.role === "merchant" && fits(person));
    const customers = all.filter((person) => person.role !== "merchant" && fits(person));
    const latest = (person) => person.last?.at ?? -Infinity;
    // Array.sort is stable: who has never spoken stays in the order the sandbox gave.
    customers.sort(
      (a, b) =>
        this.#world.spoken(b.openid) - this.#world.spoken(a.openid) ||
        (latest(b) > latest(a) ? 1 : latest(b) < latest(a) ? -1 : 0),
    );
    return [...staff, ...customers];
  }

  #paint() {
    const { title, count, list, nothing, search } = this.#parts;
    if (this.#world.account) title.textContent = this.#world.account.name;
    const wanted = this.#wanted();
    const now = this.#world.now();
    arrange(
      list,
      wanted.slice(0, this.#shown).map((person) => this.#row(person, now)),
    );
    count.textContent = `${wanted.length} 人`;
    nothing.hidden = wanted.length > 0 || this.#world.account === null;
    if (!nothing.hidden) fill(nothing, this.#emptiness(search.value.trim()));
  }

  #emptiness(words) {
    if (words === "") return [el("p", {}, this.#filter === "following" ? "还没有人关注" : "这里没有人")];
    return [
      el("p", {}, "没有找到“", el("bdi", {}, words), "”"),
      el(
        "button",
        { class: "link", testid: "person-new-found", on: { click: () => this.#create(words) } },
        "新建这位顾客",
      ),
    ];
  }

  #row(person, now) {
    const time = person.last ? listTime(person.last.at, now) : "";
    const open = this.#open.get(person.openid) ?? "";
    const old = this.#rows.get(person.openid);
    if (old && old.person === person && old.time === time && old.open === open) return old.node;
    const row = old ?? { node: el("li", {}), button: this.#rowButton(person) };
    Object.assign(row, { person, time, open });
    this.#rows.set(person.openid, row);
    fillRow(row);
    if (!old) row.node.append(row.button);
    return row.node;
  }

  #rowButton({ openid }) {
    return el("button", { class: "person", testid: `person-${openid}`, on: { click: () => this.#choose(openid) } });
  }
}

function fillRow({ button, person, time, open }) {
  button.dataset.role = person.role;
  button.dataset.follows = String(person.follows);
  button.dataset.open = open;
  if (open === "focused") button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
  fill(
    button,
    el("span", { class: "person-face" }, avatar(person), person.unread > 0 && unreadBadge(person.unread)),
    el(
      "span",
      { class: "person-words" },
      el(
        "span",
        { class: "person-line" },
        el("bdi", { class: "person-name" }, person.name),
        person.role === "merchant" && el("span", { class: "chip chip-staff" }, "商家"),
        el("span", { class: "person-time" }, time),
      ),
      el(
        "span",
        { class: "person-line" },
        el("bdi", { class: "person-last" }, person.last?.text ?? (person.follows ? "还没有聊过" : "未关注")),
        person.last && !person.follows && el("span", { class: "person-away" }, "未关注"),
      ),
    ),
  );
}

function unreadBadge(unread) {
  return el(
    "span",
    { class: "badge", testid: "unread", "aria-label": `${unread} 条未读` },
    unread > 99 ? "99+" : String(unread),
  );
}
