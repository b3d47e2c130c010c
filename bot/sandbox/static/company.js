// What only the company's side shows: cards with buttons, group-send tasks, markdown, text cards, files; who sent what.

import { el, fill, icon, webAddress } from "./dom.js";

const BUTTON_STYLES = { 1: "card-button-main", 2: "card-button-calm", 3: "card-button-alarm", 4: "card-button-grey" };
const STATUS = { 0: "未发送", 1: "已发送", 2: "不是好友了", 3: "本期已收满" };

/** Who of the company sent a message that reached a customer or a group, or null where the app itself speaks. */
export function senderOf(message, { find }) {
  return message.payload?.by ? (find(message.payload.by) ?? { name: message.payload.by_name ?? "店员" }) : null;
}

/** Like `contentOf` of bubble.js, for the company's own kinds; null for any other. */
export function companyContent(message, payload, scene) {
  if (message.type === "card") return { node: buttonCard(payload, scene), card: true, copy: payload.title };
  if (message.type === "task") return { node: taskCard(payload, scene), card: true, copy: payload.text };
  if (message.type === "textcard") return { node: textCard(payload), card: true };
  if (message.type === "markdown") return { node: el("div", { class: "bubble markdown" }, markdown(payload.content)) };
  if (message.type === "file") return { node: file(payload) };
  return null;
}

function buttonCard(card, { onTap }) {
  const rows = (card.text ?? "").split("\n").filter((line) => line !== "");
  const buttons = card.done
    ? [el("span", { class: "card-done", testid: "card-done" }, card.done)]
    : card.buttons.map((button, i) =>
        el(
          "button",
          {
            class: `card-button ${BUTTON_STYLES[card.style?.[i]] ?? BUTTON_STYLES[1]}`,
            testid: "card-button",
            "data-key": button.key,
            on: { click: (event) => press(event.currentTarget, onTap(card, button)) },
          },
          button.text,
        ),
      );
  return el(
    "div",
    { class: "card button-card", testid: "card", "data-task": card.task_id },
    el("div", { class: "button-card-title" }, card.title),
    rows.map((line) => el("p", { class: "button-card-line" }, line)),
    el("div", { class: "card-buttons", "data-many": String(buttons.length > 2) }, buttons),
  );
}

/** A pressed button waits for the answer, so that one tap is one event. */
function press(button, done) {
  button.disabled = true;
  done.finally(() => {
    button.disabled = false;
  });
}

export function taskState(task) {
  if (task.cancelled) return "已取消";
  if (task.status === 2) return "已发送";
  return task.customers.some(({ status }) => status !== 0) ? "发了一部分" : task.ignored ? "已放一边" : "待发送";
}

function taskCard(task, { onTask }) {
  if (!task.customers) return el("div", { class: "card task" }, "这个任务已经不在了");
  const names = task.customers.slice(0, 3).map(({ name }) => name);
  const unit = task.chat_type === "group" ? "个群" : "位客户";
  const whom = `${names.join("、")}${task.customers.length > 3 ? " 等" : ""} ${task.customers.length} ${unit}`;
  const open = !task.cancelled && task.status !== 2;
  return el(
    "div",
    { class: "card task", testid: "task", "data-task": task.msgid, "data-open": String(open) },
    el(
      "div",
      { class: "task-head" },
      el("span", {}, "群发任务"),
      el("span", { class: "task-state", testid: "task-state" }, taskState(task)),
    ),
    el("p", { class: "task-words" }, task.text || "（没有文字）"),
    task.attachments.length > 0 && el("p", { class: "task-more" }, `另有 ${task.attachments.length} 个附件`),
    el("p", { class: "task-more" }, `发给 ${whom}`),
    el(
      "button",
      { class: "task-open", testid: "task-open", on: { click: () => onTask(task) } },
      open ? "查看并发送" : "看结果",
      icon("forward"),
    ),
  );
}

/** One line for each recipient: name and what became of it. */
export const resultOf = ({ status }) => STATUS[status] ?? String(status);

function textCard(card) {
  const address = webAddress(card.url);
  const traits = { class: "card textcard", testid: "textcard" };
  const frame =
    address === null
      ? el("div", traits)
      : el("a", { ...traits, href: address, target: "_blank", rel: "noopener noreferrer" });
  return fill(
    frame,
    el("div", { class: "button-card-title" }, card.title),
    el("p", { class: "button-card-line" }, card.description.replace(/<[^>]*>/g, "")),
    el("div", { class: "card-foot textcard-foot" }, card.button, icon("forward")),
  );
}

function file({ name, url }) {
  const address = webAddress(url);
  const own = address === null ? null : new URL(new URL(address).pathname, location.origin).href;
  const traits = { class: "file", testid: "file" };
  const frame =
    own === null ? el("div", traits) : el("a", { ...traits, href: own, target: "_blank", rel: "noopener noreferrer" });
  return fill(frame, el("span", { class: "file-name" }, name), icon("file"));
}

// --- markdown, as much of it as the client shows: headings, bold, links, inline code, quotes, three colours -------------

const INLINE = /\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|`([^`]+)`|<font color="(info|comment|warning)">(.*?)<\/font>/g;

export function markdown(text) {
  return text.split("\n").map((line) => {
    const heading = line.match(/^(#{1,6})\s+(.*)$/);
    if (heading) return el("div", { class: "md-heading" }, inline(heading[2]));
    const quote = line.match(/^>\s?(.*)$/);
    if (quote) return el("div", { class: "md-quote" }, inline(quote[1]));
    return el("div", { class: line.trim() === "" ? "md-gap" : "md-line" }, inline(line));
  });
}

function inline(line) {
  const pieces = [];
  let end = 0;
  for (const match of line.matchAll(INLINE)) {
    pieces.push(line.slice(end, match.index), mark(match));
    end = match.index + match[0].length;
  }
  pieces.push(line.slice(end));
  return pieces.filter((piece) => piece !== "");
}

function mark([, bold, words, url, code, colour, coloured]) {
  if (bold !== undefined) return el("strong", {}, inline(bold));
  if (words !== undefined) {
    const address = webAddress(url);
    return address === null ? words : el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, words);
  }
  if (code !== undefined) return el("code", {}, code);
  return el("span", { class: `md-${colour}` }, inline(coloured));
}
