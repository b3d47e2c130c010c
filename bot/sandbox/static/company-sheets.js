// What stands on the sheets of the company's side: a task to send, friends, codes to scan, a group's people, profiles.

import { addAll, fetchTasks } from "./api.js";
import { resultOf, taskState } from "./company.js";
import { avatar, el, fill, icon } from "./dom.js";
import { copyable, facts, field, form } from "./forms.js";
import { separator } from "./shanghai.js";
import { openSheet } from "./sheet.js";

const RELATIONS = { both: "互为好友", left: "客户已删除店员", half: "等店员通过" };
const RULES = { month_days: "每月最多当月天数条", seven_a_week: "每周最多 7 条", one_a_day: "每天最多 1 条" };
const LISTED = 60; // of many customers so many are listed; a search finds the others

/** A place for what the sandbox says against an act, and a way to run one that closes the sheet when it worked. */
function troubled(close) {
  const trouble = el("p", { class: "form-trouble", role: "alert", hidden: true });
  const run = (act) =>
    act().then(close, (error) => {
      trouble.textContent = error.message;
      trouble.hidden = false;
    });
  return { trouble, run };
}

/** `what`: profile | tasks | friends | scan | members | join; `does`: {act(action, body), open(openid), task(task)}. */
export function companySheet(host, world, person, what, does) {
  if (what === "tasks") tasksSheet(host, world, person, does);
  else if (what === "friends") friendsSheet(host, world, person, does);
  else if (what === "scan") waysSheet(host, world, does);
  else if (what === "members") seatsSheet(host, person, does);
  else if (what === "join") joinSheet(host, world, person, does);
  else profile(host, world, person, does);
}

// --- group-send tasks ---------------------------------------------------------------------------------------------

/** `act(action, body)` → promise: confirm, part or ignore. */
export function taskSheet(host, task, act) {
  openSheet(host, {
    title: "群发任务",
    testid: "task-sheet",
    build: (close) => {
      const open = !task.cancelled && task.status !== 2;
      const waiting = task.customers.filter(({ status }) => status === 0);
      const chosen = new Set(waiting.map(({ id }) => id));
      const { trouble, run } = troubled(close);
      const confirm = el("button", { class: "primary", testid: "task-confirm" });
      const label = () => {
        confirm.textContent = chosen.size === waiting.length ? `发送给 ${waiting.length} 位` : `只发选中的 ${chosen.size} 位`;
        confirm.disabled = chosen.size === 0;
      };
      const choose = (id, wanted) => {
        if (wanted) chosen.add(id);
        else chosen.delete(id);
        label();
      };
      label();
      const all = () => (chosen.size === waiting.length ? {} : { only: [...chosen] });
      confirm.addEventListener("click", () => run(() => act("confirm", { task: task.msgid, ...all() })));
      const half = Math.max(1, Math.floor(waiting.length / 2));
      const rest = [
        waiting.length > 1 &&
          el(
            "button",
            {
              class: "secondary",
              testid: "task-part",
              on: { click: () => run(() => act("part", { task: task.msgid, count: half })) },
            },
            `发 ${half} 位就中断`,
          ),
        el(
          "button",
          {
            class: "secondary",
            testid: "task-ignore",
            on: { click: () => run(() => act("ignore", { task: task.msgid })) },
          },
          "先放一边",
        ),
      ];
      return [
        el("p", { class: "task-sheet-state" }, taskState(task)),
        el("div", { class: "task-preview" }, task.text || "（没有文字）"),
        el("div", { class: "list-title" }, task.chat_type === "group" ? "发给这些群" : "发给这些客户"),
        el(
          "ul",
          { class: "customer-list" },
          task.customers.map((customer) => customerRow(customer, open, choose)),
        ),
        trouble,
        open && el("div", { class: "sheet-actions" }, confirm, el("div", { class: "sheet-pair" }, rest)),
      ];
    },
  });
}

function customerRow(customer, open, choose) {
  const name = el("bdi", { class: "customer-name" }, customer.name);
  if (!open || customer.status !== 0)
    return el(
      "li",
      { class: "customer", testid: "task-customer", "data-status": customer.status },
      name,
      el("span", { class: "customer-state" }, resultOf(customer)),
    );
  const box = el("input", { type: "checkbox", checked: true, on: { change: () => choose(customer.id, box.checked) } });
  return el(
    "li",
    { testid: "task-customer", "data-status": customer.status },
    el("label", { class: "customer" }, name, box),
  );
}

async function tasksSheet(host, world, member, does) {
  const { tasks } = await fetchTasks(member);
  openSheet(host, {
    title: "群发任务",
    testid: "tasks-sheet",
    build: (close) =>
      tasks.length === 0
        ? nothing("tasks", "还没有群发任务", "店里要群发给客户时，会派到这里等店员确认。")
        : el(
            "div",
            { class: "choice-list" },
            tasks.map((task) => {
              const open = () => {
                close();
                does.task(task);
              };
              const about = `${separator(task.at, world.now())} · ${task.customers.length} 位 · ${taskState(task)}`;
              return row({ testid: "task-row", icon: "tasks", name: task.text || "（没有文字）", about, onTap: open });
            }),
          ),
  });
}

// --- friends and codes --------------------------------------------------------------------------------------------

function friendsSheet(host, world, contact, does) {
  openSheet(host, {
    title: `${contact.name}和店员`,
    testid: "friends-sheet",
    build: (close) => {
      const { trouble, run } = troubled(close);
      const doings = (friend) => {
        if (!friend) return [["add", "加好友"], ["half_add", "加好友（等通过）"]];
        if (friend.relation === "half") return [["add", "店员通过"]];
        if (friend.relation === "left") return [["add", "重新加回"], ["remove", "店员删除客户"]];
        return [["leave", "客户删除店员"], ["remove", "店员删除客户"]];
      };
      const rows = world.ofKind("member").map((member) => {
        const friend = contact.friends.find(({ userid }) => userid === member.openid);
        return el(
          "div",
          { class: "friend", testid: "friend", "data-member": member.openid, "data-relation": friend?.relation ?? "" },
          avatar(member),
          el(
            "div",
            { class: "choice-words" },
            el("bdi", { class: "choice-name" }, member.name),
            el("span", { class: "muted" }, friend ? RELATIONS[friend.relation] : "不是好友"),
          ),
          el(
            "div",
            { class: "friend-acts" },
            doings(friend).map(([act, words]) =>
              el(
                "button",
                {
                  class: `pick ${act === "leave" || act === "remove" ? "pick-alarm" : ""}`,
                  testid: `friend-${act}`,
                  on: { click: () => run(() => does.act(act, { member: member.openid })) },
                },
                words,
              ),
            ),
          ),
        );
      });
      return [trouble, el("div", { class: "friend-list" }, rows)];
    },
  });
}

async function waysSheet(host, world, does) {
  await world.refresh(); // a code that was deleted a moment ago must not be offered
  openSheet(host, {
    title: "扫活码",
    testid: "ways-sheet",
    build: (close) => {
      const ways = world.company?.ways ?? [];
      if (ways.length === 0) return nothing("qr", "还没有活码", "店里建好活码或群活码，就会列在这里。");
      const { trouble, run } = troubled(close);
      const rows = ways.map((way) => {
        const about = [way.kind === "join" ? "群活码" : "加店员", way.name, way.state].filter(Boolean).join(" · ");
        return row({
          testid: "way",
          data: { "data-way": way.id },
          picture: el("img", { class: "way-picture", src: new URL(way.qr).pathname, alt: "" }),
          name: way.remark || way.state || way.name,
          about,
          onTap: () => run(() => does.act("scan", { way: way.id })),
        });
      });
      return [trouble, el("div", { class: "choice-list" }, rows)];
    },
  });
}

// --- groups -------------------------------------------------------------------------------------------------------

function seatsSheet(host, chat, does) {
  openSheet(host, {
    title: `群成员（${chat.members.length}）`,
    testid: "seats-sheet",
    build: (close) => {
      const { trouble, run } = troubled(close);
      const acts = (seat) =>
        seat.id === chat.owner || chat.dismissed
          ? []
          : [
              ["quit", "退群"],
              ["remove", "移出"],
            ];
      const rows = chat.members.map((seat) =>
        el(
          "div",
          { class: "friend", testid: "seat", "data-person": seat.id },
          avatar({ name: seat.name, avatar: { text: seat.name.slice(0, 1), color: seat.kind === 1 ? "#2b7cd3" : "#8a9099" } }),
          el(
            "div",
            { class: "choice-words" },
            el("bdi", { class: "choice-name" }, seat.name),
            el("span", { class: "muted" }, seatWords(seat, chat)),
          ),
          el(
            "div",
            { class: "friend-acts" },
            acts(seat).map(([act, words]) =>
              el(
                "button",
                {
                  class: "pick pick-alarm",
                  testid: `seat-${act}`,
                  on: { click: () => run(() => does.act(act, { person: seat.id })) },
                },
                words,
              ),
            ),
          ),
        ),
      );
      return [trouble, el("div", { class: "friend-list" }, rows)];
    },
  });
}

function seatWords(seat, chat) {
  if (seat.id === chat.owner) return "群主";
  const how = seat.scene ? `${seat.scene}进群` : "";
  return [seat.kind === 1 ? "店员" : "客户", how, seat.state].filter(Boolean).join(" · ");
}

function joinSheet(host, world, chat, does) {
  const inside = new Set(chat.members.map(({ id }) => id));
  const outside = [...world.ofKind("contact"), ...world.ofKind("member")].filter(({ openid }) => !inside.has(openid));
  openSheet(host, {
    title: "谁进群",
    testid: "join-sheet",
    build: (close) => {
      const { trouble, run } = troubled(close);
      const list = el("div", { class: "choice-list" });
      const search = el("input", {
        class: "text-field",
        type: "search",
        placeholder: "按名字找",
        "aria-label": "按名字找",
        autocomplete: "off",
        on: { input: () => paint() },
      });
      const paint = () => {
        const words = search.value.trim();
        const found = outside.filter(({ name }) => name.includes(words)).slice(0, LISTED);
        fill(
          list,
          found.map((person) =>
            row({
              testid: "joiner",
              data: { "data-person": person.openid },
              picture: avatar(person),
              name: person.name,
              about: person.kind === "member" ? "店员，被邀请" : "客户，扫码",
              onTap: () => run(() => does.act("join", { person: person.openid, scene: person.kind === "member" ? 1 : 3 })),
            }),
          ),
        );
      };
      paint();
      return [search, trouble, list];
    },
  });
}

// --- who and what they are ----------------------------------------------------------------------------------------

function profile(host, world, person, does) {
  const build = { member: memberProfile, contact: contactProfile, chat: chatProfile, robot: robotProfile }[person.kind];
  openSheet(host, { title: "资料", testid: "profile", build: (close) => build(host, world, person, does, close) });
}

function top(person, words) {
  return el(
    "div",
    { class: "profile-top" },
    avatar(person, "avatar-large"),
    el(
      "div",
      {},
      el("div", { class: "profile-name" }, el("bdi", {}, person.name)),
      el("div", { class: "profile-state" }, words),
    ),
  );
}

function memberProfile(host, _world, member) {
  return [
    top(member, "企业微信店员"),
    facts([
      ["客户", `${member.customers} 位`],
      ["待确认", member.waiting > 0 && `${member.waiting} 个群发任务`],
      ["客户联系", member.serves ? "有权限" : "没有权限"],
      ["应用", member.visible ? "在可见范围里" : "不在可见范围里"],
      ["账号", copyable(host, member.openid, "profile-openid")],
    ]),
  ];
}

function contactProfile(host, world, contact, _does) {
  const friends = contact.friends.map((friend) =>
    el(
      "div",
      { class: "friend-fact" },
      el("div", {}, el("bdi", {}, friend.name), ` · ${RELATIONS[friend.relation]}`),
      friend.remark && el("div", { class: "muted" }, "备注：", el("bdi", {}, friend.remark)),
      friend.description && el("div", { class: "muted" }, "描述：", el("bdi", {}, friend.description)),
      friend.state && el("div", { class: "muted" }, "来源：", el("bdi", {}, friend.state)),
      el("div", { class: "muted" }, `${separator(friend.since, world.now())} 添加`),
      friend.tags.length > 0 &&
        el(
          "div",
          { class: "tags" },
          friend.tags.map((tag) => el("bdi", { class: "tag" }, tag)),
        ),
    ),
  );
  return [
    top(contact, contact.friends.length > 0 ? "企业微信客户" : "还没有加店员"),
    facts([
      ["店员", friends.length > 0 && el("div", { class: "friend-facts" }, friends)],
      ["客户群", contact.chats.map(({ name }) => name).join("、")],
      ["同一个人", contact.unionid && "在公众号里也能认出（unionid 相同）"],
      ["客户 ID", copyable(host, contact.openid, "profile-openid")],
    ]),
  ];
}

function chatProfile(host, _world, chat, does, close) {
  const dismiss = form("chat-dismiss", [], "解散群聊", () => does.act("dismiss").then(close));
  dismiss.querySelector("button").className = "danger";
  return [
    top(chat, chat.dismissed ? "已解散" : "客户群"),
    facts([
      ["群主", chat.owner_name],
      ["人数", `${chat.members.length} 人`],
      ["群公告", chat.notice],
      ["群 ID", copyable(host, chat.openid, "profile-openid")],
    ]),
    !chat.dismissed && dismiss,
  ];
}

function robotProfile(_host, _world, robot) {
  return [
    top(robot, "店员的内部群"),
    el("p", { class: "muted" }, "把群机器人的地址填进设置 staff.group_robot，店里的通知也会发到这里。"),
  ];
}

export function companyAccountSheet(host, world) {
  const { account, ways } = world.company;
  const strangers = world.ofKind("contact").filter(({ friends }) => friends.length === 0).length;
  openSheet(host, {
    title: "企业微信",
    testid: "account-sheet",
    build: (close) => [
      top({ name: account.name, avatar: { text: account.name.slice(0, 1), color: "#2b7cd3" } }, "自建应用 · 演练"),
      facts([
        ["店员", `${world.ofKind("member").length} 位`],
        ["客户", `${world.ofKind("contact").filter(({ friends }) => friends.length > 0).length} 位`],
        ["客户群", `${world.ofKind("chat").filter(({ dismissed }) => !dismissed).length} 个`],
        ["活码", `${ways.length} 个`],
        ["群发规则", RULES[account.receive_rule] ?? account.receive_rule],
        ["回调地址", account.callback_url || "还没有填，消息送不到店里"],
        ["企业 ID", copyable(host, account.corp_id)],
        ["应用 ID", copyable(host, String(account.agent_id))],
      ]),
      strangers > 0 && form("add-all", [], `让 ${strangers} 位还没加的人陆续加店员`, () => addAll().then(close)),
      el("p", { class: "muted sheet-note" }, "这里的人和消息都是演练，不会发到真的企业微信。"),
    ],
  });
}

/** A new contact, or a new group; `onDone(person)` hears who it is. */
export function newOutsideSheet(host, world, name, onDone) {
  openSheet(host, {
    title: "新建客户或群",
    testid: "outside-sheet",
    build: (close) => {
      const contactName = nameField("contact-name", "例如：小美");
      contactName.value = name;
      contactName.dataset.first = "";
      const chatName = nameField("chat-name", "例如：老客群");
      const owner = el(
        "select",
        { class: "text-field", testid: "chat-owner" },
        world.ofKind("member").map((member) => el("option", { value: member.openid }, member.name)),
      );
      const done = (person) => {
        close();
        onDone(person);
      };
      return [
        form("contact", [field("客户的名字", contactName, "还不是好友；在手机里扫活码，或加一位店员。")], "新建客户", () =>
          world.createContact(contactName.value.trim()).then(done),
        ),
        form("chat", [field("群名", chatName), field("群主", owner)], "新建客户群", () =>
          world.createChat(chatName.value.trim(), owner.value).then(done),
        ),
      ];
    },
  });
}

function nameField(testid, placeholder) {
  return el("input", { class: "text-field", testid, maxlength: "64", required: true, placeholder, autocomplete: "off" });
}

function nothing(name, words, more) {
  return el("div", { class: "sheet-none" }, icon(name), el("p", {}, words), el("p", { class: "muted" }, more));
}

function row({ testid, data = {}, picture, icon: name, name: words, about, onTap }) {
  return el(
    "button",
    { class: "choice-row", testid, ...data, on: { click: onTap } },
    picture ?? el("span", { class: "choice-icon" }, icon(name)),
    el(
      "span",
      { class: "choice-words" },
      el("bdi", { class: "choice-name" }, words),
      el("span", { class: "muted" }, about),
    ),
    icon("forward"),
  );
}
