// The list of people: search, filter, unread marks, last words.

import { arrange, avatar, el, fill, icon, oncePerFrame } from "./dom.js";
import { listTime } from "./shanghai.js";

// A population of thousands is listed in portions: rows below the fold cost nothing until somebody scrolls there.
const PORTION = 80;
const FILTERS = {
  fans: [
    ["all", "全部", () => true],
    ["following", "已关注", (person) => person.follows],
    ["away", "未关注", (person) => !person.follows],
  ],
  company: [
    ["all", "全部", () => true],
    ["members", "店员", (person) => person.kind === "member" || person.kind === "robot"],
    ["contacts", "客户", (person) => person.kind === "contact"],
    ["chats", "客户群", (person) => person.kind === "chat"],
  ],
};
const SIDES = [
  ["fans", "公众号"],
  ["company", "企业微信"],
];
const NEWCOMERS = { fans: "新建顾客", company: "新建客户或群" };
const SECTIONS = { member: "店员", robot: "店员", chat: "客户群", contact: "客户" };
const RELATIONS = { left: "已被客户删除", half: "等店员通过" };
const sideOf = (person) => (person.kind ? "company" : "fans");

export class People {
  #world;
  #choose;
  #create;
  #rows = new Map(); // openid → row with the person and label it shows
  #side = "fans";
  #filter = "all";
  #headings = new Map(); // words → element, of the company's list
  #shown = PORTION;
  #open = new Map(); // openid → "focused" | "open"
  #parts;

  /** `onChoose(openid)`; `onCreate(name, side)` opens the form for somebody new; `onAccount(side)` shows the account. */
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

  /** Show the side somebody belongs to. */
  turnTo(person) {
    if (sideOf(person) !== this.#side) this.#turn(sideOf(person));
  }

  #turn(side) {
    this.#side = side;
    this.#parts.search.value = "";
    this.#setFilter("all");
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
    const sides = SIDES.map(([name, label]) =>
      el(
        "button",
        { class: "side", testid: `side-${name}`, role: "tab", on: { click: () => this.#turn(name) } },
        label,
        el("span", { class: "side-dot", hidden: true, "aria-label": "有未读" }),
      ),
    );
    const track = el("div", { class: "sides-track", role: "tablist", "aria-label": "平台" }, sides);
    const tabs = el("div", { class: "sides", hidden: true }, track);
    const filters = el("div", { class: "filter-group" });
    const create = el(
      "button",
      { class: "round", testid: "person-new", on: { click: () => this.#create("", this.#side) } },
      icon("add-person"),
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
          { class: "people-account", testid: "account", title: "账号", on: { click: () => onAccount(this.#side) } },
          title,
          icon("forward"),
        ),
        create,
      ),
      tabs,
      el("div", { class: "search" }, icon("search"), search),
      el("div", { class: "filters", role: "group", "aria-label": "筛选" }, filters, count),
      scroll,
    );
    return { root, title, search, tabs, sides, filters, create, count, list, nothing, scroll };
  }

  /** Everybody again, as after somebody new was made from a search that found nobody. */
  showAll() {
    this.#parts.search.value = "";
    this.#setFilter("all");
  }

  #setFilter(name) {
    this.#filter = name;
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
    const wanted = FILTERS[this.#side].find(([name]) => name === this.#filter)[2];
    const fits = (person) =>
      sideOf(person) === this.#side && wanted(person) && (words === "" || searchable(person).includes(words));
    const staff = all.filter((person) => isFixed(person) && fits(person));
    const customers = all.filter((person) => !isFixed(person) && fits(person));
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
    const { title, count, list, nothing, search, create } = this.#parts;
    const { account, company } = this.#world;
    if (account) title.textContent = account.name;
    this.#paintSides(company !== null);
    create.title = NEWCOMERS[this.#side];
    create.setAttribute("aria-label", NEWCOMERS[this.#side]);
    const wanted = this.#wanted();
    const now = this.#world.now();
    arrange(list, this.#withHeadings(wanted.slice(0, this.#shown), now));
    count.textContent = this.#side === "fans" ? `${wanted.length} 人` : `${wanted.length} 个`;
    nothing.hidden = wanted.length > 0 || this.#world.account === null;
    if (!nothing.hidden) fill(nothing, this.#emptiness(search.value.trim()));
  }

  #paintSides(both) {
    const { tabs, sides, filters } = this.#parts;
    tabs.hidden = !both;
    const unread = new Set([...this.#world.people.values()].filter((person) => person.unread > 0).map(sideOf));
    for (const [i, [name]] of SIDES.entries()) {
      sides[i].setAttribute("aria-selected", String(name === this.#side));
      sides[i].querySelector(".side-dot").hidden = name === this.#side || !unread.has(name);
    }
    if (filters.dataset.side !== this.#side) {
      filters.dataset.side = this.#side;
      fill(filters, FILTERS[this.#side].map(([name, label]) => this.#filterButton(name, label)));
    }
    for (const button of filters.children)
      button.setAttribute("aria-pressed", String(button.dataset.testid === `filter-${this.#filter}`));
  }

  #filterButton(name, label) {
    return el(
      "button",
      { class: "filter", testid: `filter-${name}`, on: { click: () => this.#setFilter(name) } },
      label,
    );
  }

  /** The rows; on the company's side a small heading above each kind. */
  #withHeadings(people, now) {
    const rows = [];
    let above = null;
    for (const person of people) {
      const section = SECTIONS[person.kind] ?? null;
      if (section !== above && section !== null) rows.push(this.#heading(section));
      above = section;
      rows.push(this.#row(person, now));
    }
    return rows;
  }

  #heading(words) {
    if (!this.#headings.has(words))
      this.#headings.set(words, el("li", { class: "people-section", role: "presentation" }, words));
    return this.#headings.get(words);
  }

  #emptiness(words) {
    if (words === "") return [el("p", {}, this.#filter === "following" ? "还没有人关注" : "这里没有人")];
    return [
      el("p", {}, "没有找到“", el("bdi", {}, words), "”"),
      el(
        "button",
        { class: "link", testid: "person-new-found", on: { click: () => this.#create(words, this.#side) } },
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
  button.dataset.follows = String(isThere(person));
  if (person.kind) button.dataset.kind = person.kind;
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
        chipOf(person),
        el("span", { class: "person-time" }, time),
      ),
      el(
        "span",
        { class: "person-line" },
        el("bdi", { class: "person-last" }, person.last ? plain(person) : silence(person)),
        stateOf(person) && el("span", { class: "person-away" }, stateOf(person)),
      ),
    ),
  );
}

/** Who stands above the others, whoever spoke last: the shop's own people, and on the company's side the groups. */
const isFixed = (person) => person.role === "merchant" || person.kind === "chat" || person.kind === "robot";
const isThere = (person) => (person.kind === "contact" ? person.friends.length > 0 : person.follows);

function searchable(person) {
  const friends = (person.friends ?? []).map(({ remark, name, tags }) => [remark, name, ...tags].join(" "));
  return [person.name, person.remark ?? "", person.openid, ...friends].join("\n").toLowerCase();
}

function chipOf(person) {
  if (person.kind === "member" && person.waiting > 0)
    return el("span", { class: "chip chip-waiting" }, `${person.waiting} 个待确认`);
  if (person.kind === "chat") return el("span", { class: "chip" }, `${person.members.length} 人`);
  if (person.kind === "robot") return el("span", { class: "chip" }, "内部群");
  return person.role === "merchant" && !person.kind && el("span", { class: "chip chip-staff" }, "商家");
}

/** The last words; what members and the robot's group read may be markdown. */
const plain = ({ kind, last }) =>
  kind === "member" || kind === "robot" ? last.text.replace(/<\/?font[^>]*>|\*\*|`|^[#>]+\s*/gm, "") : last.text;

function silence(person) {
  if (person.kind === "member") return `${person.customers} 位客户`;
  if (person.kind === "chat") return `群主 ${person.owner_name}`;
  if (person.kind === "robot") return "群机器人会在这里说话";
  if (person.kind === "contact") return person.friends.map(({ name }) => `${name}的客户`).join("、") || "还没有加店员";
  return person.follows ? "还没有聊过" : "未关注";
}

function stateOf(person) {
  if (person.kind === "chat") return person.dismissed && "已解散";
  if (person.kind === "contact") {
    const [friend] = person.friends.filter(({ relation }) => relation !== "both");
    return (friend && RELATIONS[friend.relation]) || (person.last && person.friends.length === 0 && "不是好友");
  }
  return !person.kind && person.last && !person.follows && "未关注";
}

function unreadBadge(unread) {
  return el(
    "span",
    { class: "badge", testid: "unread", "aria-label": `${unread} 条未读` },
    unread > 99 ? "99+" : String(unread),
  );
}
