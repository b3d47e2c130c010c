// One message of a talk as an element. Text from anybody goes in as text nodes; addresses become links only if http(s).

import { companyContent, senderOf } from "./company.js";
import { avatar, el, icon, webAddress } from "./dom.js";

const ADDRESS = /https?:\/\/[^\s<>"'`，。！？；：、（）《》【】「」“”]+/gi;
const TRAILING = /[.,!?;:)\]}]+$/;

// Template fields carry a type name and a number; without the template's own labels these are the nearest words.
const FIELD_WORDS = {
  thing: "内容",
  time: "时间",
  date: "日期",
  amount: "金额",
  money: "金额",
  phrase: "状态",
  character_string: "编号",
  number: "数量",
  name: "姓名",
  phone_number: "电话",
  const: "类型",
  car_number: "车牌",
  letter: "代码",
  symbol: "符号",
  keyword: "内容",
  first: "",
  remark: "备注",
};

/** Split `text` into text and links: a list of strings and anchors for `append`. */
export function withLinks(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const shown = match[0].replace(TRAILING, "");
    const address = webAddress(shown);
    if (address === null) continue;
    pieces.push(text.slice(end, match.index), link(address, shown));
    end = match.index + shown.length;
  }
  pieces.push(text.slice(end));
  return pieces.filter((piece) => piece !== "");
}

function link(address, ...children) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/**
 * The element of a confirmed message. `scene`: {person, account, company, find(openid), onChoose(item),
 * onPicture(address), onTap(card, button), onTask(task)}.
 */
export function bubble(message, scene) {
  if (message.type === "system" || message.type === "event") return greyLine(message);
  const content = contentOf(message, scene);
  const row = el("div", { ...rowTraits(message.from, message.type, message.id), "data-via": message.via });
  if (content.card) row.append(content.node);
  else {
    const sender = senderOf(message, scene);
    const name = sender && el("span", { class: "said-by" }, sender.name);
    row.append(
      sender ? avatar(sender) : face(message.from, scene),
      el("div", { class: "said" }, name, content.node, content.below),
    );
  }
  row.dataset.copy = content.copy ?? message.text;
  if (message.via === "mass" || message.type === "mass") row.append(el("span", { class: "via" }, "群发消息"));
  return row;
}

/** The element of a text that is on its way or has failed. `onRetry(local)` is called by its red mark. */
export function outgoing(local, scene, onRetry) {
  const mark =
    local.state === "failed"
      ? el(
          "button",
          {
            class: "failed-mark",
            testid: "retry",
            title: `没发出去：${local.reason}，点一下重发`,
            "aria-label": `没发出去，重发：${local.reason}`,
            on: { click: () => onRetry(local) },
          },
          "!",
        )
      : el("span", { class: "spinner", role: "status", "aria-label": "正在发送" });
  const row = el(
    "div",
    { ...rowTraits("person", "text", ""), "data-state": local.state },
    face("person", scene),
    el("div", { class: "said" }, el("div", { class: "bubble" }, ...withLinks(local.text))),
    mark,
  );
  row.dataset.copy = local.text;
  if (local.state === "failed") row.append(el("span", { class: "failed-why" }, local.reason));
  return row;
}

function rowTraits(from, type, id) {
  return { class: `row row-${from}`, testid: "message", "data-from": from, "data-type": type, "data-id": id };
}

function face(from, { person, account }) {
  const color = person.kind ? "#2b7cd3" : "#07c160";
  return from === "person" ? avatar(person) : avatar({ name: account.name, avatar: { text: account.name.slice(0, 1), color } });
}

function greyLine(message) {
  return el(
    "div",
    {
      class: "grey-line",
      testid: "message",
      "data-from": message.from,
      "data-type": message.type,
      "data-id": message.id,
    },
    el("span", {}, message.text),
  );
}

/** {node, card: full width without a face, below?, copy?} */
function contentOf(message, scene) {
  const payload = message.payload ?? {};
  const special = companyContent(message, payload, scene);
  if (special) return special;
  if (payload.articles?.length) return { node: newsCard(payload.articles), card: true };
  if (message.type === "template") return { node: templateCard(message, payload), card: true };
  if (message.type === "msgmenu")
    return { node: choices(payload, message, scene), copy: menuText(payload) || message.text };
  if (message.type === "image" || (message.type === "mass" && payload.media_id))
    return { node: picture(message, payload, scene) };
  if (message.type === "video") return { node: video(message, payload) };
  if (message.type === "voice") return voice(message, payload);
  if (message.type === "location" || "lat" in payload) return { node: place(message, payload) };
  return { node: el("div", { class: "bubble" }, ...withLinks(message.text)) };
}

function newsCard(articles) {
  const [first, ...others] = articles;
  const cover = cardPicture(first.picurl, "news-cover");
  const lead = articleFrame(
    first,
    "news-lead",
    cover,
    el("span", { class: "news-title" }, first.title ?? ""),
    first.description && el("span", { class: "news-about" }, first.description),
  );
  return el(
    "div",
    { class: "card news" },
    lead,
    others.map((article) =>
      articleFrame(
        article,
        "news-more",
        el("span", { class: "news-title" }, article.title ?? ""),
        cardPicture(article.picurl, "news-thumb"),
      ),
    ),
  );
}

function articleFrame(article, className, ...children) {
  const address = webAddress(article.url);
  const frame = address === null ? el("div") : link(address);
  frame.className = className;
  frame.dataset.testid = "news-article";
  frame.append(...children.filter(Boolean));
  return frame;
}

function cardPicture(url, className) {
  const address = mediaAddress(url);
  if (address === null) return null;
  const img = el("img", { class: className, src: address, alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
  img.addEventListener("error", () => img.remove()); // an unreachable picture leaves a card of words, not a torn frame
  return img;
}

function templateCard(message, payload) {
  const address = webAddress(payload.url);
  const rows = templateRows(payload).map(([label, value]) =>
    el("div", { class: "template-row" }, label !== "" && el("dt", {}, label), el("dd", {}, value)),
  );
  const detail = address !== null && link(address, "查看详情", icon("forward"));
  if (detail) detail.className = "card-foot";
  return el(
    "div",
    { class: "card template" },
    el("div", { class: "template-title" }, payload.title || message.text),
    el("dl", {}, rows.length > 0 ? rows : el("div", { class: "template-row" }, el("dd", {}, message.text))),
    detail,
  );
}

/** [label, value] for each row: from the template's own wording where we have it, else from the names of its slots. */
function templateRows({ lines, data }) {
  if (lines) {
    return lines
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => {
        const [, label, value] = line.match(/^([^：:]{1,12})[：:]\s*(.*)$/s) ?? [null, "", line];
        return [label, value];
      });
  }
  return Object.entries(data ?? {}).map(([key, field]) => [fieldWord(key), String(field?.value ?? field ?? "")]);
}

function fieldWord(key) {
  const kind = key.replace(/\.?DATA$/, "").replace(/\d+$/, "");
  return FIELD_WORDS[kind] ?? key;
}

function choices(payload, message, { onChoose }) {
  const items = (payload.list ?? []).map((item) =>
    el(
      "button",
      { class: "choice", testid: "choice", "data-choice": item.id, on: { click: () => onChoose(item) } },
      item.content,
    ),
  );
  return el(
    "div",
    { class: "bubble" },
    payload.head_content && el("div", {}, ...withLinks(payload.head_content)),
    items.length > 0 ? el("div", { class: "choices" }, items) : message.text,
    payload.tail_content && el("div", {}, ...withLinks(payload.tail_content)),
  );
}

function menuText({ head_content: head, list, tail_content: tail }) {
  return [head, ...(list ?? []).map((item) => item.content), tail].filter(Boolean).join("\n");
}

function picture(message, payload, { onPicture }) {
  const address = mediaAddress(payload.url);
  const frame = el("button", {
    class: "picture",
    testid: "picture",
    "aria-label": `看大图：${message.text}`,
    on: { click: () => address && onPicture(address) },
  });
  const broken = () => {
    frame.disabled = true;
    frame.replaceChildren(icon("broken"), el("span", {}, message.text || "[图片]"));
  };
  if (address === null) broken();
  else {
    const img = el("img", { src: address, alt: message.text, referrerpolicy: "no-referrer" });
    img.addEventListener("error", broken);
    frame.append(img);
  }
  return frame;
}

function video(message, payload) {
  const address = mediaAddress(payload.url);
  const frame = address === null ? el("div") : link(address);
  frame.className = "video";
  frame.dataset.testid = "video";
  frame.append(icon("play"), el("span", {}, message.text));
  return frame;
}

/** Pictures the sandbox keeps itself are fetched from wherever this page came from: its own name for itself may be another. */
function mediaAddress(url) {
  const address = webAddress(url);
  const own = address !== null && new URL(address).pathname.startsWith("/_sandbox/media/");
  return own ? new URL(new URL(address).pathname, location.origin).href : address;
}

function voice(message, payload) {
  const heard = payload.recognition ?? message.text.replace(/^\[语音\]\s*/, "");
  const seconds = Math.min(60, Math.max(2, Math.ceil(heard.length / 3)));
  const wave = el("div", { class: "bubble voice" }, icon("wave"), el("span", {}, `${seconds}″`));
  wave.style.minWidth = `${72 + seconds * 2.5}px`;
  return {
    node: wave,
    below: heard !== "" && el("div", { class: "heard", title: "语音识别" }, heard),
    copy: heard || message.text,
  };
}

function place(message, payload) {
  const { lat, lon } = payload;
  const known = Number.isFinite(Number(lat)) && Number.isFinite(Number(lon));
  return el(
    "div",
    { class: "place" },
    el("div", { class: "place-label" }, payload.label || "位置"),
    known && el("div", { class: "place-where" }, `${Number(lat).toFixed(4)}, ${Number(lon).toFixed(4)}`),
    el("div", { class: "place-map" }, icon("place")),
  );
}
