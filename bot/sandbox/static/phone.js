// The page that plays the phones: puts list, phones and clock together and keeps them fed.
//
// Addresses: /phone/?person=<openid> opens one talk; /phone/?left=<openid>&right=<openid> the two phones of a wide window.
//
// data-testid, stable for browser tests ("in a phone" = inside phone-left or phone-right):
//   page      side-fans, side-company (公众号 | 企业微信), people-list, person-<openid> (data-follows, data-role, data-open), unread (inside a person), people-search,
//             people-count, filter-all, filter-following, filter-away, account, account-sheet, banner, banner-retry, notice
//   new       person-new, person-new-found, person-sheet, person-name, person-habit, person-send
//   clock     clock (data-now = epoch seconds), clock-plus-hour, clock-tomorrow, clock-open, clock-sheet, clock-input,
//             clock-set, clock-date, clock-jump, clock-advance-<seconds>
//   phones    phone-left, phone-right (data-openid, data-follows, data-focused); a narrow window has phone-left alone
//   in a phone
//     talk    caption, back, profile-open, chat, message (data-from = account|person, data-type, data-id, data-via =
//             passive|custom|mass|template|menu|say; data-state = sending|failed while unconfirmed), time, retry,
//             card (data-task; card-button with data-key, card-done), task (data-task, data-open; task-state, task-open),
//             choice (data-choice), news-article, picture, viewer, video, new-messages, copy
//     company foot-scan, foot-friends, foot-members, foot-join, tasks-open; sheets task-sheet (task-confirm, task-part,
//             task-ignore, task-customer), friends-sheet (friend with data-member; friend-<act>), ways-sheet (way with
//             data-way), seats-sheet (seat with data-person; seat-quit, seat-remove), join-sheet (joiner)
//     foot    input, send, plus, panel, send-picture, send-voice, send-place, scan, follow (strangers only),
//             menu-toggle (keyboard ↔ menu), menu, menu-button (data-index, data-key), menu-item (data-key)
//     sheets  profile, profile-openid, profile-follow, unfollow, channels, channel (data-scene), picture-sheet,
//             picture-name, picture-send, voice-sheet, voice-words, voice-send, place-sheet, place-label, place-lat,
//             place-lon, place-send, sheet-close

import { Refused, Unreachable } from "./api.js";
import { ClockBar } from "./clockbar.js";
import { companyAccountSheet, newOutsideSheet } from "./company-sheets.js";
import { el, oncePerFrame } from "./dom.js";
import { accountSheet, newPersonSheet } from "./forms.js";
import { People } from "./people.js";
import { Phone } from "./screen.js";
import { Stream } from "./stream.js";
import { World } from "./world.js";

const TWO_PHONES = matchMedia("(min-width: 1140px)");
const ONE_PANE = matchMedia("(max-width: 899px)");
const BANNER_AFTER_MS = 900; // a reconnect that takes no time needs no alarm
const AGAIN_MS = 2000;
const GAP_PAUSE_MS = 300;

class Page {
  #world = new World();
  #app = document.getElementById("app");
  #people;
  #clock;
  #stage = el("main", { class: "stage", "aria-label": "手机" });
  #banner = el("div", { class: "banner", role: "alert", testid: "banner", hidden: true });
  #bannerTimer = null;
  #catchUpTimer = null;
  #phones = [];
  #focused = "left";
  #stream;
  #started = false;

  constructor() {
    this.#people = new People(this.#world, {
      onChoose: (openid) => this.#open(openid),
      onCreate: (name, side) => this.#create(name, side),
      onAccount: (side) => this.#account(side),
    });
    this.#clock = new ClockBar(this.#world, this.#app, (dayChanged) => this.#tick(dayChanged));
    this.#world.watch((kind, openid) => this.#changed(kind, openid));
    this.#app.replaceChildren(
      this.#clock.root,
      this.#banner,
      el("div", { class: "panes" }, this.#people.root, this.#stage),
    );
    TWO_PHONES.addEventListener("change", () => this.#started && this.#setStage());
    ONE_PANE.addEventListener("change", () => this.#started && this.#setStage());
    addEventListener("popstate", () => this.#readAddress());
    addEventListener("visibilitychange", () => !document.hidden && this.#started && this.#catchUp());
    document.addEventListener("pointerdown", (event) => this.#foldMenus(event));
    this.#stream = new Stream({
      onOpen: () => {
        this.#world.streamChanged(true);
        this.#catchUp();
      },
      onLost: () => {
        this.#world.streamChanged(false);
        this.#alarm("演练平台没有回应，正在重新连接…");
      },
      onEvent: (kind, content) => this.#world.hear(kind, content),
    });
    this.#catchUp();
  }

  // --- connection -----------------------------------------------------------------------------------------------

  async #catchUp() {
    try {
      await this.#world.catchUp();
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      this.#alarm(error.message);
      setTimeout(() => this.#world.live || this.#catchUp(), AGAIN_MS);
      return;
    }
    clearTimeout(this.#bannerTimer);
    this.#bannerTimer = null;
    this.#banner.hidden = true;
    if (!this.#started) this.#start();
  }

  /** One catching up for a whole burst of holes. */
  #catchUpSoon() {
    this.#catchUpTimer ??= setTimeout(() => {
      this.#catchUpTimer = null;
      this.#catchUp();
    }, GAP_PAUSE_MS);
  }

  #alarm(words) {
    this.#bannerTimer ??= setTimeout(
      () => {
        this.#banner.replaceChildren(
          el("span", { class: "banner-mark", "aria-hidden": "true" }, "!"),
          el("span", {}, words),
          el(
            "button",
            { class: "banner-retry", testid: "banner-retry", on: { click: () => this.#retry() } },
            "立即重试",
          ),
        );
        this.#banner.hidden = false;
      },
      this.#started ? BANNER_AFTER_MS : 0,
    );
  }

  #retry() {
    this.#stream.retryNow();
    this.#catchUp();
  }

  #start() {
    this.#started = true;
    this.#setStage();
    this.#clock.tick();
  }

  // --- changes --------------------------------------------------------------------------------------------------

  #changed(kind, openid) {
    if (kind === "gap") this.#catchUpSoon();
    if (kind === "all" && this.#started && this.#phones.some((phone) => phone.openid && !phone.person))
      this.#readAddress();
    if (kind === "all" || kind === "person" || kind === "talk") this.#people.paint();
    if (kind === "clock" || kind === "all") this.#clock?.tick();
    for (const phone of this.#phones) {
      if (kind === "all" || kind === "menu" || phone.openid === openid) phone.paint();
    }
    if (kind === "person" || kind === "all") this.#countElsewhere();
  }

  #tick(dayChanged) {
    for (const phone of this.#phones) phone.tick(dayChanged);
    if (dayChanged) this.#people.paint();
  }

  #countElsewhere = oncePerFrame(() => {
    const shown = new Set(this.#phones.map((phone) => phone.openid));
    let unread = 0;
    for (const person of this.#world.people.values()) if (!shown.has(person.openid)) unread += person.unread;
    for (const phone of this.#phones) phone.elsewhere(unread);
  });

  // --- stage ----------------------------------------------------------------------------------------------------

  /** Put one or two phones on the stage, as the window's width allows, and give each somebody. */
  #setStage() {
    const wanted = TWO_PHONES.matches ? ["left", "right"] : ["left"];
    const kept = this.#phone(this.#focused)?.openid;
    this.#phones = wanted.map((slot) => this.#phone(slot) ?? this.#newPhone(slot));
    if (!wanted.includes(this.#focused)) {
      this.#focused = "left";
      if (kept) history.replaceState(null, "", `?person=${encodeURIComponent(kept)}`);
    }
    this.#stage.replaceChildren(...this.#phones.map((phone) => phone.root));
    this.#readAddress();
  }

  #phone(slot) {
    return this.#phones.find((phone) => phone.slot === slot);
  }

  #newPhone(slot) {
    const open = (openid) => this.#open(openid);
    return new Phone(this.#world, slot, { focus: (which) => this.#focus(which), back: () => this.#back(), open });
  }

  #readAddress() {
    const address = new URLSearchParams(location.search);
    const known = (name) => (this.#world.people.has(address.get(name)) ? address.get(name) : null);
    const person = known("person");
    const shown = (slot) => (this.#phone(slot)?.person ? this.#phone(slot).openid : null);
    const people = [...this.#world.people.values()];
    const boss = people.find(({ role, kind }) => role === "merchant" && !kind)?.openid;
    const customer = people.find(({ role, kind }) => role !== "merchant" && !kind)?.openid;
    if (TWO_PHONES.matches) this.#dress({ known, shown, person, boss, customer });
    else {
      const wanted = person ?? known(this.#focused) ?? known("left") ?? known("right");
      const openid = wanted ?? shown("left") ?? (ONE_PANE.matches ? null : boss);
      if (openid) this.#phones[0].show(openid);
      if (wanted) this.#people.turnTo(this.#world.people.get(wanted));
      this.#app.dataset.pane = wanted ? "chat" : "people";
    }
    this.#afterMove();
  }

  #dress({ known, shown, person, boss, customer }) {
    const isBoss = person !== null && this.#world.people.get(person).role === "merchant";
    let left = known("left") ?? (isBoss ? person : null) ?? shown("left") ?? boss ?? customer;
    let right = known("right") ?? (isBoss ? null : person) ?? shown("right") ?? customer;
    if (left === right) [left, right] = left === boss ? [left, customer] : [boss, right];
    if (left) this.#phone("left").show(left);
    if (right) this.#phone("right").show(right);
    if (person !== null) {
      this.#focused = isBoss ? "left" : "right";
      this.#people.turnTo(this.#world.people.get(person));
    }
    this.#app.dataset.pane = "chat";
  }

  #open(openid) {
    const showing = this.#phones.find((phone) => phone.openid === openid);
    this.#focused = showing?.slot ?? this.#seat(openid);
    this.#phone(this.#focused).show(openid);
    this.#people.turnTo(this.#world.people.get(openid));
    if (ONE_PANE.matches) {
      this.#app.dataset.pane = "chat";
      history.pushState({ fromList: true }, "", `?person=${encodeURIComponent(openid)}`);
    } else this.#phone(this.#focused).focusInput();
    this.#afterMove();
  }

  /** Which phone somebody chosen gets: the focused one, but no customer takes the shop's phone while another is free. */
  #seat(openid) {
    const isShop = (phone) => phone.person?.role === "merchant";
    if (this.#world.people.get(openid).role === "merchant" || !isShop(this.#phone(this.#focused))) return this.#focused;
    return this.#phones.find((phone) => !isShop(phone))?.slot ?? this.#focused;
  }

  #back() {
    if (history.state?.fromList) history.back();
    else {
      history.replaceState(null, "", location.pathname);
      this.#readAddress();
    }
  }

  #focus(slot) {
    if (slot === this.#focused) return;
    this.#focused = slot;
    this.#afterMove();
  }

  /** Marks in the list, the ring around the focused phone, and the address, after who stands where has changed. */
  #afterMove() {
    for (const phone of this.#phones) {
      phone.root.dataset.focused = String(phone.slot === this.#focused);
      phone.paint();
    }
    const chatting = !ONE_PANE.matches || this.#app.dataset.pane === "chat";
    const open = this.#phones.filter((phone) => phone.openid && chatting);
    this.#people.mark(new Map(open.map((phone) => [phone.openid, phone.slot === this.#focused ? "focused" : "open"])));
    this.#countElsewhere();
    if (ONE_PANE.matches) return;
    const query = TWO_PHONES.matches
      ? this.#phones
          .filter((phone) => phone.openid)
          .map((phone) => `${phone.slot}=${encodeURIComponent(phone.openid)}`)
          .join("&")
      : `person=${encodeURIComponent(this.#phones[0].openid ?? "")}`;
    history.replaceState(null, "", `?${query}`);
  }

  #account(side) {
    if (!this.#world.account) return;
    if (side === "company") companyAccountSheet(this.#app, this.#world);
    else accountSheet(this.#app, this.#world);
  }

  #create(name, side) {
    if (side === "company") {
      newOutsideSheet(this.#app, this.#world, name, (person) => {
        this.#people.showAll();
        this.#open(person.openid);
      });
      return;
    }
    newPersonSheet(this.#app, name, async (chosen, habit) => {
      const person = await this.#world.createPerson(chosen, habit);
      this.#people.showAll();
      this.#open(person.openid);
    });
  }

  #foldMenus(event) {
    if (event.target.closest?.(".menu-cell")) return;
    for (const phone of this.#phones) phone.closeMenus();
  }
}

new Page();
