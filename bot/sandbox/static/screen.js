// One phone: the frame, the talk on its screen, and what a tap on it does.

import { Refused, Unreachable } from "./api.js";
import { bubble, outgoing } from "./bubble.js";
import { Composer } from "./composer.js";
import { companySheet, taskSheet } from "./company-sheets.js";
import { arrange, avatar, el, fill, icon, oncePerFrame, webAddress } from "./dom.js";
import { pictureSheet, placeSheet, profileSheet, scanSheet, voiceSheet } from "./forms.js";
import { hourMinute, separator } from "./shanghai.js";
import { copy, notice, showPicture } from "./sheet.js";

const PORTION = 60; // messages shown at first, and added at each scroll to the top
const QUIET_SECONDS = 300; // after this silence WeChat puts the hour above the next message
const NEAR_BOTTOM = 90;
const LONG_PRESS_MS = 450;
const MENU_OPENS = {
  pic_sysphoto: "picture",
  pic_photo_or_album: "picture",
  pic_weixin: "picture",
  location_select: "place",
};
const TYPING_AFTER_MS = 350;

export class Phone {
  #world;
  #does;
  #parts;
  #composer;
  #openid = null;
  #talk = null;
  #from = null; // id of the first message shown; null until the history is here
  #nodes = new Map(); // key → element, for this talk
  #stick = true; // stay at the newest message
  #top = 0; // where the talk was scrolled to
  #growing = false; // earlier messages are about to appear above
  #unseen = 0;
  #seenId = 0;
  #waitingSince = null;

  /** `slot`: "left" | "right"; `does`: {focus(slot), back(), open(openid)}. */
  constructor(world, slot, does) {
    this.#world = world;
    this.#does = does;
    this.slot = slot;
    this.#composer = new Composer({
      say: (text) => this.#say(text),
      act: (what) => this.#openSheet(what),
      follow: () => this.#try(() => world.act(this.#openid, "follow")),
      open: (what) => this.#openSheet(what),
      tap: (button) => this.#tapMenu(button),
    });
    this.#parts = this.#build(does);
    this.paint = oncePerFrame(() => this.#paint());
  }

  get root() {
    return this.#parts.root;
  }

  get openid() {
    return this.#openid;
  }

  get person() {
    return this.#world.people.get(this.#openid);
  }

  // --- building -----------------------------------------------------------------------------------------------

  #build({ focus, back }) {
    const title = el("span", { class: "nav-title" });
    const subtitle = el("span", { class: "nav-subtitle" });
    const profile = () => this.#openSheet("profile");
    const nav = el(
      "header",
      { class: "nav" },
      el(
        "button",
        { class: "nav-button nav-back", testid: "back", "aria-label": "返回联系人", on: { click: back } },
        icon("back"),
        el("span", { class: "nav-unread", hidden: true }),
      ),
      el("div", { class: "nav-middle" }, title, subtitle),
      el(
        "button",
        { class: "nav-button", testid: "profile-open", "aria-label": "资料", on: { click: profile } },
        icon("more"),
      ),
    );
    const list = el("div", { class: "messages" });
    const chat = el(
      "div",
      {
        class: "chat",
        testid: "chat",
        role: "log",
        "aria-label": "聊天记录",
        tabindex: "0",
        on: { scroll: () => this.#scrolled() },
      },
      list,
    );
    const pill = el("button", {
      class: "pill",
      testid: "new-messages",
      hidden: true,
      on: { click: () => this.#toBottom() },
    });
    const screen = el(
      "div",
      { class: "screen" },
      nav,
      el("div", { class: "chat-frame" }, chat, pill),
      this.#composer.root,
    );
    const hour = el("span", { class: "status-hour" });
    const status = el(
      "div",
      { class: "status", "aria-hidden": "true" },
      hour,
      el("span", { class: "status-icons" }, icon("signal", "signal"), icon("battery", "battery")),
    );
    const caption = el("button", { class: "caption", testid: "caption", on: { click: profile } });
    const device = el(
      "div",
      { class: "device" },
      status,
      screen,
      el("div", { class: "home-line", "aria-hidden": "true" }),
    );
    const root = el("section", { class: "phone", testid: `phone-${this.slot}` }, caption, device);
    root.addEventListener("pointerdown", () => focus(this.slot));
    root.addEventListener("focusin", () => focus(this.slot));
    this.#wakeCopying(chat);
    // Pictures that arrive, the ＋ panel, a keyboard that comes up: whatever takes or gives room, the newest stays in view.
    const room = new ResizeObserver(() => this.#stick && this.#toBottom());
    room.observe(chat);
    room.observe(list);
    return { root, title, subtitle, chat, list, pill, screen, hour, caption, back: nav.querySelector(".nav-unread") };
  }

  // --- showing a person -----------------------------------------------------------------------------------------

  show(openid) {
    if (openid === this.#openid) return;
    this.#openid = openid;
    this.#parts.root.dataset.openid = openid;
    this.#waitingSince = null;
    this.paint();
    this.#world.open(openid);
  }

  /** Another talk than before: another person's, or the same person's after the sandbox was set back. */
  #beginTalk(talk) {
    this.#talk = talk;
    this.#nodes = new Map();
    this.#from = null;
    this.#seenId = 0;
    this.#unseen = 0;
    this.#stick = true;
  }

  focusInput() {
    this.#composer.focus();
  }

  closeMenus() {
    this.#composer.closeMenus();
  }

  /** The minute on the status bar, and the words above the messages when the day changes. */
  tick(dayChanged) {
    this.#parts.hour.textContent = hourMinute(this.#world.now());
    if (dayChanged) this.paint();
  }

  /** How many unread messages wait elsewhere, beside the back arrow. */
  elsewhere(count) {
    this.#parts.back.hidden = count === 0;
    this.#parts.back.textContent = count > 99 ? "99+" : String(count);
  }

  get #visible() {
    return this.#parts.root.offsetParent !== null && !document.hidden;
  }

  #paint() {
    const person = this.person;
    if (!person || !this.#world.account) return;
    this.#paintHead(person);
    this.#composer.paint(person, person.kind ? null : (person.menu ?? this.#world.menu));
    this.#paintTalk(person, this.#world.talk(this.#openid));
    if (person.unread > 0 && this.#visible) this.#markRead();
  }

  #paintHead(person) {
    const { title, subtitle, caption, root } = this.#parts;
    const talk = this.#world.talk(this.#openid);
    const { name, whose, state, chip } = headOf(person, this.#world.account);
    title.textContent = this.#isWaiting(talk) ? "对方正在输入…" : name;
    subtitle.textContent = whose;
    root.setAttribute("aria-label", whose);
    root.dataset.follows = String(person.follows);
    root.dataset.kind = person.kind ?? "fan";
    fill(
      caption,
      avatar(person, "avatar-small"),
      el("bdi", { class: "caption-name" }, person.name),
      chip && el("span", { class: "chip chip-staff" }, chip),
      el("span", { class: "caption-state" }, state),
    );
    this.tick(false);
  }

  #isWaiting(talk) {
    // A quick answer should not make the title flicker.
    if (talk.waiting === 0) {
      this.#waitingSince = null;
      return false;
    }
    if (this.#waitingSince === null) {
      this.#waitingSince = performance.now();
      setTimeout(() => this.paint(), TYPING_AFTER_MS + 20);
    }
    return performance.now() - this.#waitingSince > TYPING_AFTER_MS;
  }

  async #markRead() {
    try {
      await this.#world.markRead(this.#openid);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      console.warn("unread mark not stored", error.message); // the next state from the sandbox brings it back
    }
  }

  // --- the talk -------------------------------------------------------------------------------------------------

  #paintTalk(person, talk) {
    const { chat, list } = this.#parts;
    if (talk !== this.#talk) this.#beginTalk(talk);
    if (!talk.loaded && talk.messages.length === 0 && talk.sending.length === 0) {
      arrange(list, [
        this.#once(talk.trouble ? `trouble ${talk.trouble}` : "loading", () =>
          talk.trouble ? this.#trouble(talk) : loading(),
        ),
      ]);
      return;
    }
    if (talk.loaded) this.#from ??= talk.messages.at(-PORTION)?.id ?? 0;
    const shown = talk.messages.filter((message) => message.id >= (this.#from ?? 0));
    const height = chat.scrollHeight;
    const top = chat.scrollTop;
    arrange(list, this.#wanted(person, talk, shown));
    this.#countUnseen(talk);
    if (this.#stick) this.#toBottom();
    else if (this.#growing) chat.scrollTop = top + chat.scrollHeight - height;
    this.#growing = false;
  }

  #wanted(person, talk, shown) {
    const scene = {
      person,
      account: this.#world.account,
      find: (openid) => this.#world.people.get(openid),
      onTap: (card, button) =>
        this.#try(() => this.#world.act(this.#openid, "tap", { key: button.key || button.text, card: card.id })),
      onTask: (task) => this.#openTask(task),
      onChoose: (item) => this.#world.choose(this.#openid, item).finally(() => this.#toBottom()),
      onPicture: (address) => showPicture(this.#parts.screen, address),
    };
    const wanted = [];
    if (shown.length < talk.messages.length) wanted.push(this.#once("earlier", loading));
    let before = null;
    for (const message of shown) {
      if (before === null || Math.abs(message.at - before) > QUIET_SECONDS) wanted.push(this.#time(message));
      before = message.at;
      wanted.push(this.#once(`message-${message.id}-${message.turn ?? 0}`, () => bubble(message, scene)));
    }
    for (const local of talk.sending) {
      wanted.push(
        this.#once(`${local.key} ${local.state}`, () => outgoing(local, scene, () => this.#world.retry(local))),
      );
    }
    if (wanted.length === 0) wanted.push(this.#once(`empty ${person.follows}`, () => this.#emptiness(person)));
    return wanted;
  }

  #once(key, make) {
    if (!this.#nodes.has(key)) this.#nodes.set(key, make());
    return this.#nodes.get(key);
  }

  #time(message) {
    const node = this.#once(`time-${message.id}`, () => el("div", { class: "time", testid: "time" }));
    const words = separator(message.at, this.#world.now());
    if (node.textContent !== words) node.textContent = words;
    return node;
  }

  #trouble(talk) {
    const again = () => {
      this.#nodes.clear();
      this.#world.open(this.#openid);
    };
    return el(
      "div",
      { class: "talk-note" },
      el("p", {}, talk.trouble),
      el("button", { class: "link", on: { click: again } }, "再试一次"),
    );
  }

  #emptiness(person) {
    const { account } = this.#world;
    if (person.kind) return el("div", { class: "talk-note" }, el("p", {}, silenceOf(person)));
    if (person.follows) {
      const words = account.callback_url ? "还没有消息，打个招呼吧" : "公众号还没有填回调地址，说话没有人听见";
      return el("div", { class: "talk-note" }, el("p", {}, words));
    }
    return el(
      "div",
      { class: "stranger" },
      avatar({ name: account.name, avatar: { text: account.name.slice(0, 1), color: "#07c160" } }, "avatar-large"),
      el("div", { class: "stranger-name" }, el("bdi", {}, account.name)),
      el("p", { class: "muted" }, `${person.name}还没有关注这个公众号`),
    );
  }

  // --- scrolling ------------------------------------------------------------------------------------------------

  #scrolled() {
    const { chat } = this.#parts;
    // Only a hand that moves upwards lets go of the newest message; content that grows must not.
    if (chat.scrollHeight - chat.scrollTop - chat.clientHeight < NEAR_BOTTOM) this.#stick = true;
    else if (chat.scrollTop < this.#top) this.#stick = false;
    this.#top = chat.scrollTop;
    if (this.#stick) this.#clearUnseen();
    if (chat.scrollTop < 60) this.#showEarlier();
  }

  #showEarlier() {
    const { messages } = this.#world.talk(this.#openid);
    const first = messages.findIndex((message) => message.id >= this.#from);
    if (first <= 0) return;
    this.#from = messages[Math.max(0, first - PORTION)].id;
    this.#growing = true;
    this.paint();
  }

  #toBottom() {
    const { chat } = this.#parts;
    this.#stick = true;
    chat.scrollTop = chat.scrollHeight;
    this.#clearUnseen();
  }

  #countUnseen(talk) {
    const fresh = talk.messages.filter((message) => message.id > this.#seenId && message.from === "account");
    if (this.#seenId > 0 && !this.#stick) this.#unseen += fresh.length;
    this.#seenId = Math.max(this.#seenId, talk.lastId);
    this.#parts.pill.hidden = this.#unseen === 0;
    if (this.#unseen > 0) fill(this.#parts.pill, icon("down"), `${this.#unseen} 条新消息`);
  }

  #clearUnseen() {
    this.#unseen = 0;
    this.#parts.pill.hidden = true;
  }

  // --- doing ----------------------------------------------------------------------------------------------------

  #say(text) {
    this.#stick = true;
    this.#world.say(this.#openid, text);
  }

  /** Run an action of the person; what the sandbox says against it is shown on the phone. */
  async #try(action) {
    this.#stick = true;
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      notice(this.#parts.screen, error.message);
    }
  }

  /** The account hears of every tap; what WeChat opens for some kinds of button opens here as well. */
  #tapMenu(button) {
    const key = button.key ?? button.url;
    if (!key) {
      notice(this.#parts.screen, `“${button.name}”这类菜单要在真手机上试`);
      return;
    }
    const address = button.type === "view" ? webAddress(button.url) : null;
    if (address !== null) open(address, "_blank", "noopener,noreferrer");
    this.#try(() => this.#world.act(this.#openid, "menu", { key }));
    if (MENU_OPENS[button.type]) this.#openSheet(MENU_OPENS[button.type]);
  }

  #openSheet(what) {
    const { screen } = this.#parts;
    const openid = this.#openid;
    const act = (action, body) => {
      this.#stick = true;
      return this.#world.act(openid, action, body);
    };
    if (this.person.kind && !["picture", "voice", "place"].includes(what))
      companySheet(screen, this.#world, this.person, what, {
        act,
        open: (other) => this.#does.open(other),
        task: (task) => this.#openTask(task),
      });
    else if (what === "profile")
      profileSheet(screen, this.person, { follow: () => act("follow"), unfollow: () => act("unfollow") });
    else if (what === "picture") pictureSheet(screen, (body) => act("image", body));
    else if (what === "voice") voiceSheet(screen, (body) => act("voice", body));
    else if (what === "place") placeSheet(screen, (body) => act("location", body));
    else this.#openScan(act);
  }

  #openTask(task) {
    const openid = this.#openid;
    taskSheet(this.#parts.screen, task, (action, body) => this.#world.act(openid, action, body));
  }

  async #openScan(act) {
    // Channels are made while the shop works, and the stream does not tell of them.
    await this.#try(() => this.#world.refresh());
    const { follows } = this.person;
    scanSheet(this.#parts.screen, this.#world, (scene) => act(follows ? "scan" : "follow", { scene }));
  }

  // --- copying --------------------------------------------------------------------------------------------------

  /** Right click or long press on a bubble offers 复制. */
  #wakeCopying(chat) {
    let timer = null;
    const target = (event) => event.target.closest?.(".bubble, .card, .heard");
    const calm = () => clearTimeout(timer);
    chat.addEventListener("contextmenu", (event) => {
      if (!target(event) || event.target.closest("a") || String(getSelection()) !== "") return;
      event.preventDefault();
      this.#offerCopy(target(event));
    });
    chat.addEventListener(
      "touchstart",
      (event) => {
        calm();
        if (target(event)) timer = setTimeout(() => this.#offerCopy(target(event)), LONG_PRESS_MS);
      },
      { passive: true },
    );
    for (const end of ["touchend", "touchmove", "touchcancel"]) chat.addEventListener(end, calm, { passive: true });
  }

  #offerCopy(node) {
    this.#parts.screen.querySelector(".copy")?.remove();
    const text = node.closest(".row").dataset.copy;
    const button = el("button", { class: "copy", testid: "copy" }, "复制");
    const away = (event) => event.target !== button && close();
    const close = () => {
      button.remove();
      document.removeEventListener("pointerdown", away);
    };
    button.addEventListener("click", async () => {
      close();
      notice(this.#parts.screen, (await copy(text)) ? "已复制" : "复制不了，请长按选择");
    });
    const frame = this.#parts.screen.getBoundingClientRect();
    const box = node.getBoundingClientRect();
    this.#parts.screen.append(button);
    button.style.left = `${Math.max(8, Math.min(box.left - frame.left + box.width / 2 - 32, frame.width - 72))}px`;
    button.style.top = `${Math.max(48, box.top - frame.top - 44)}px`;
    button.focus({ preventScroll: true });
    document.addEventListener("pointerdown", away);
  }
}

/** The words above a talk, and beside a name on a wide window. */
function headOf(person, account) {
  const whose = `${person.name}的手机`;
  if (person.kind === "member")
    return { name: account.name, whose, chip: "店员", state: person.waiting > 0 ? `${person.waiting} 个任务待确认` : "企业微信" };
  if (person.kind === "contact") {
    const friends = person.friends.filter(({ relation }) => relation === "both").map(({ name }) => name).join("、");
    return { name: friends || "微信", whose, chip: "", state: friends ? `${friends}的客户` : "还没有加店员" };
  }
  if (person.kind === "chat")
    return {
      name: `${person.name}（${person.members.length}）`,
      whose: "客户群",
      chip: "客户群",
      state: person.dismissed ? "已解散" : `群主 ${person.owner_name}`,
    };
  if (person.kind === "robot") return { name: person.name, whose: "内部群", chip: "内部群", state: "群机器人" };
  const chip = person.role === "merchant" ? "商家" : "";
  return { name: account.name, whose, chip, state: person.follows ? "已关注" : "未关注" };
}

function silenceOf(person) {
  if (person.kind === "member") return "还没有消息，打个招呼吧";
  if (person.kind === "contact" && person.friends.length === 0) return `${person.name}还没有加店员，扫一个活码试试`;
  if (person.kind === "contact") return "还没有收到什么";
  if (person.kind === "robot") return "群机器人还没有说过话";
  return "群里还没有收到什么";
}

function loading() {
  return el("div", { class: "talk-note" }, el("span", { class: "spinner", role: "status", "aria-label": "正在加载" }));
}
