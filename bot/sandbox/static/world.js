// Everything the page knows: account, people, menu, clock, and the talks that were opened. Views watch it and repaint.

import * as api from "./api.js";

/** One person's talk with the account, oldest first. `sending` holds what was typed here and is not confirmed yet. */
class Talk {
  messages = [];
  sending = [];
  loaded = false;
  trouble = null; // why the history could not be fetched, in words
  waiting = 0; // calls in flight: while positive the account may be about to answer
  // Up to this id nothing is missing. Messages that come in while the stream is being caught up do not move it,
  // else a newer one would hide the hole before it.
  completeTo = 0;
  #ids = new Set();

  /** Keep `message` in its place; false when it is known already. */
  insert(message) {
    if (this.#ids.has(message.id)) return false;
    this.#ids.add(message.id);
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].id > message.id) at -= 1;
    this.messages.splice(at, 0, message);
    return true;
  }

  /** The message as it stands now (a card that was answered, a task that was sent); unknown ones are kept as new. */
  renew(message) {
    const at = this.messages.findIndex((other) => other.id === message.id);
    if (at < 0) return this.insert(message);
    const old = this.messages[at];
    if (JSON.stringify({ ...old, turn: 0 }) === JSON.stringify({ ...message, turn: 0 })) return false;
    this.messages[at] = { ...message, turn: (old.turn ?? 0) + 1 };
    return true;
  }

  find(id) {
    return id === 0 ? undefined : this.messages.find((message) => message.id === id);
  }

  drop(local) {
    this.sending = this.sending.filter((other) => other !== local);
  }

  get lastId() {
    return this.messages.at(-1)?.id ?? 0;
  }
}

/** What belongs to the company is known by `id`; here everything with a chat has an `openid`. */
const withOpenid = (one) => ({ ...one, openid: one.id, role: one.kind === "member" ? "merchant" : "customer", follows: true });

const isSame = (a, b) => a.id === b?.id && a.at === b.at && a.text === b.text;

export class World {
  account = null;
  menu = null;
  channels = [];
  company = null; // account, ways and tags of the company; null where nobody is in it
  people = new Map(); // everybody and everything with a chat, by openid: fans, and members, contacts, groups, robots
  live = false;
  #talks = new Map();
  #clock = { now: 0, since: 0 };
  #watchers = [];
  #serial = 0;
  #lastHeard = { fans: 0, company: 0 }; // id of the latest message of the stream, which each side counts for itself
  #spoken = new Map(); // openid → serial of the latest message seen here: the order of the list when the clock goes back
  #streaming = false;
  #connection = 0; // counts every change of the stream
  #lastCatchUp = Promise.resolve();

  /** Call `watcher(kind, openid)` after each change; kind: all | person | talk | clock | menu | gap (catch up!). */
  watch(watcher) {
    this.#watchers.push(watcher);
  }

  #tell(kind, openid = null) {
    for (const watcher of this.#watchers) watcher(kind, openid);
  }

  now() {
    return this.#clock.now + (performance.now() - this.#clock.since) / 1000;
  }

  talk(openid) {
    if (!this.#talks.has(openid)) this.#talks.set(openid, new Talk());
    return this.#talks.get(openid);
  }

  spoken(openid) {
    return this.#spoken.get(openid) ?? 0;
  }

  // --- what the sandbox tells ---------------------------------------------------------------------------------

  /** The stream has come or gone. Either way nothing is sure to be complete until the next catching up ends. */
  streamChanged(streaming) {
    this.#streaming = streaming;
    this.#connection += 1;
    this.live = false;
  }

  /**
   * Fetch what was missed while the stream was away (or everything, at the start). One after another: a call that
   * comes while another runs may be about a later hole, so it must ask again.
   */
  catchUp() {
    const mine = this.#lastCatchUp.then(() => this.#catchUp());
    this.#lastCatchUp = mine.catch(() => {}); // whoever called hears of the failure; the next one only waits its turn
    return mine;
  }

  async #catchUp() {
    const connection = this.#connection;
    await this.refresh();
    for (const openid of this.#talks.keys()) if (!this.people.has(openid)) this.#talks.delete(openid);
    const opened = [...this.#talks.keys()].filter((openid) => this.#talks.get(openid).loaded);
    await Promise.all(opened.map((openid) => this.#fill(openid)));
    // Changed meanwhile: that hole is for the next call to fill.
    this.live = this.#streaming && connection === this.#connection;
  }

  /** Account, menu, channels, people and clock afresh. */
  async refresh() {
    const [state, company] = await Promise.all([api.fetchState(), api.fetchCompany()]);
    this.account = state.account;
    this.menu = state.menu;
    this.channels = state.channels;
    const { members, contacts, chats, robots, ...about } = company;
    this.company = members.length > 0 ? about : null;
    const inside = this.company === null ? [] : [...members, ...robots, ...chats, ...contacts].map(withOpenid);
    this.people = new Map([...state.people, ...inside].map((person) => [person.openid, person]));
    this.setClock(state.clock);
    this.#tell("all");
  }

  async #fill(openid) {
    const talk = this.talk(openid);
    // The last known message is asked for again: when it has become another one the sandbox was set back, its ids
    // began anew, and what we hold would hide what is there now.
    const known = talk.find(talk.completeTo);
    const person = this.people.get(openid) ?? { openid };
    // What the company's side shows may look different later, so it is asked for anew from the start.
    const after = known && !person.kind ? known.id - 1 : 0;
    const { messages } = await api.fetchMessages(person, after);
    if (known && !person.kind && !isSame(known, messages[0])) {
      this.#talks.set(openid, new Talk());
      return this.#fill(openid);
    }
    if (known && person.kind && messages.at(-1)?.id < known.id) {
      this.#talks.set(openid, new Talk());
      return this.#fill(openid);
    }
    for (const message of messages) if (!this.#take(openid, message)) talk.renew(message);
    talk.completeTo = Math.max(talk.completeTo, messages.at(-1)?.id ?? 0);
    talk.loaded = true;
    this.#tell("talk", openid);
  }

  /** Make sure the history of `openid` is here. A failure stands in the talk's `trouble`. */
  async open(openid) {
    const talk = this.talk(openid);
    if (talk.loaded) return;
    talk.trouble = null;
    try {
      await this.#fill(openid);
    } catch (error) {
      if (!(error instanceof api.Refused || error instanceof api.Unreachable)) throw error;
      talk.trouble = error.message;
      this.#tell("talk", openid);
    }
  }

  hear(kind, content) {
    if (kind === "message") this.#hearMessage("fans", content);
    else if (kind === "corp_message")
      this.#hearMessage("company", { openid: content.id, message: content.message, person: withOpenid(content.holder) });
    else if (kind === "corp_again") this.#hearAgain(content.messages);
    else if (kind === "corp_tags" || kind === "corp_ways") Object.assign(this.company ?? {}, content);
    else if (kind.startsWith("corp_")) this.#setPerson(withOpenid(content));
    else if (kind === "person") this.#setPerson(content);
    else if (kind === "clock") this.setClock(content);
    else if (kind === "menu") {
      this.menu = content.menu;
      this.#tell("menu");
      this.#doubt(); // a menu changes rarely, and a sandbox that was set back tells it by this event alone
    }
  }

  #hearAgain(messages) {
    for (const { id, message } of messages) {
      if (this.#talks.get(id)?.renew(message)) this.#tell("talk", id);
    }
  }

  #hearMessage(side, { openid, message, person }) {
    // Ids count over all phones of a side, so a jump means that the stream had to leave something out (a slow page, a burst).
    if (this.#lastHeard[side] > 0 && message.id !== this.#lastHeard[side] + 1) this.#doubt();
    this.#lastHeard[side] = message.id;
    this.#spoken.set(openid, ++this.#serial);
    if (person) this.#setPerson(person);
    // A talk nobody opened is fetched whole when somebody does.
    const talk = this.#talks.get(openid);
    if (!talk) return;
    this.#take(openid, message);
    if (this.live && talk.loaded) talk.completeTo = Math.max(talk.completeTo, message.id);
    this.#tell("talk", openid);
  }

  /** Something was missed: whoever watches must catch up. */
  #doubt() {
    this.#connection += 1;
    this.live = false;
    this.#tell("gap");
  }

  #take(openid, message) {
    const talk = this.talk(openid);
    if (!talk.insert(message)) return false;
    if (message.from !== "person" || message.type !== "text") return true;
    // The stream is often faster than the answer to our own call: this is the bubble we already show.
    const same = talk.sending.filter((local) => local.text.trim() === message.text.trim());
    const underway = ({ state }) => state === "sending";
    // The sandbox cleans what is said, so the words may differ a little.
    const local = same.find(underway) ?? same[0] ?? talk.sending.find(underway);
    if (local) talk.drop(local);
    return true;
  }

  #setPerson(person) {
    this.people.set(person.openid, person);
    this.#tell("person", person.openid);
  }

  setClock({ now }) {
    this.#clock = { now, since: performance.now() };
    this.#tell("clock");
  }

  // --- what people do -----------------------------------------------------------------------------------------

  /** Show `text` at once and send it; a failure leaves it in the talk with its reason, to be retried. */
  say(openid, text) {
    return this.#send(openid, text, "say", { text });
  }

  /** The tap of an item of a msgmenu: the platform sends its words as a text message. */
  choose(openid, item) {
    return this.#send(openid, item.content, "choose", { menu_id: item.id, content: item.content });
  }

  #send(openid, text, action, body) {
    const local = {
      key: `local-${++this.#serial}`,
      openid,
      at: this.now(),
      text,
      action,
      body,
      state: "sending",
      reason: null,
    };
    this.talk(openid).sending.push(local);
    return this.#transmit(local);
  }

  retry(local) {
    if (local.state !== "failed") return Promise.resolve();
    Object.assign(local, { state: "sending", reason: null, at: this.now() });
    return this.#transmit(local);
  }

  async #transmit(local) {
    this.#tell("talk", local.openid);
    try {
      await this.#perform(local.openid, local.action, local.body, () => this.talk(local.openid).drop(local));
    } catch (error) {
      if (!(error instanceof api.Refused || error instanceof api.Unreachable)) throw error;
      Object.assign(local, { state: "failed", reason: error.message });
      this.#tell("talk", local.openid);
    }
  }

  /** Anything else a person does (follow, menu, image, …). Raises Refused or Unreachable. */
  async act(openid, action, body = {}) {
    const answer = await this.#perform(openid, action, body);
    const person = this.people.get(openid);
    if (person && (action === "follow" || action === "unfollow")) {
      this.#setPerson({ ...person, follows: action === "follow" });
    }
    return answer;
  }

  async #perform(openid, action, body, onAnswer = () => {}) {
    const talk = this.talk(openid);
    talk.waiting += 1;
    this.#tell("talk", openid);
    try {
      const answer = await api.act(this.people.get(openid) ?? { openid }, action, body);
      onAnswer();
      for (const message of [answer.message, answer.reply]) if (message) this.#take(openid, message);
      for (const one of [answer.contact, answer.chat]) if (one) this.#setPerson(withOpenid(one));
      return answer;
    } finally {
      talk.waiting -= 1;
      this.#tell("talk", openid);
    }
  }

  async markRead(openid) {
    const person = this.people.get(openid);
    if (!person || person.unread === 0) return;
    this.#setPerson({ ...person, unread: 0 });
    await api.act(person, "read");
  }

  /** A new customer, not following. Raises Refused or Unreachable. */
  async createPerson(name, habit) {
    const person = await api.createPerson(name, habit);
    this.#spoken.set(person.openid, ++this.#serial);
    this.#setPerson(person);
    return person;
  }

  /** A contact nobody of the company knows yet. */
  async createContact(name) {
    const person = withOpenid(await api.createContact(name));
    this.#spoken.set(person.openid, ++this.#serial);
    this.#setPerson(person);
    return person;
  }

  /** A customer group of one member; others join later. */
  async createChat(name, owner) {
    const { chat } = await api.createChat(name, owner);
    const person = withOpenid(chat);
    this.#setPerson(person);
    return person;
  }

  /** Those of a kind of the company's side, in the order the sandbox gave. */
  ofKind(kind) {
    return [...this.people.values()].filter((person) => person.kind === kind);
  }

  async changeClock(change) {
    this.setClock(await api.setClock(change));
  }
}
