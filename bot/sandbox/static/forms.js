// What stands on the sheets: a person's card, a new customer, channel codes, picture, voice, place, account, clock.

import { avatar, el, icon } from "./dom.js";
import { atHour, fromField, separator, toField } from "./shanghai.js";
import { copy, notice, openSheet } from "./sheet.js";

export const HABITS = {
  answers: "爱回消息",
  ignores: "很少理人",
  unfollows: "容易取关",
  asks_price: "爱问价",
  buyer: "爽快下单",
  quiet: "安静，不太说话",
};
const KINDS = { service: "服务号", subscription: "订阅号" };
const MODES = { plain: "明文模式", compatible: "兼容模式", safe: "安全模式" };

/** A form whose submit runs `send()`; a failure is shown above its button, and the sheet stays open. */
export function form(testid, fields, label, send) {
  const trouble = el("p", { class: "form-trouble", role: "alert", hidden: true });
  const button = el("button", { class: "primary", type: "submit", testid: `${testid}-send` }, label);
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    trouble.hidden = true;
    try {
      await send();
    } catch (error) {
      trouble.textContent = error.message;
      trouble.hidden = false;
    } finally {
      button.disabled = false;
    }
  };
  return el("form", { class: "form", testid: `${testid}-form`, on: { submit } }, fields, trouble, button);
}

export function field(label, input, hint) {
  return el(
    "label",
    { class: "field" },
    el("span", { class: "field-label" }, label),
    input,
    hint && el("span", { class: "field-hint" }, hint),
  );
}

function quickPicks(words, onPick) {
  return el(
    "div",
    { class: "picks" },
    words.map((word) => el("button", { class: "pick", on: { click: () => onPick(word) } }, word)),
  );
}

export function facts(pairs) {
  return el(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value)
      .map(([name, value]) => el("div", { class: "fact" }, el("dt", {}, name), el("dd", {}, value))),
  );
}

export function copyable(host, text, testid) {
  const done = async () => notice(host, (await copy(text)) ? "已复制" : "复制不了，请长按选择");
  return el("button", { class: "copyable", testid, title: "点一下复制", on: { click: done } }, text);
}

// --- people -----------------------------------------------------------------------------------------------------

/** `does`: {follow(), unfollow()}, each a promise. */
export function profileSheet(host, person, does) {
  openSheet(host, {
    title: "资料",
    testid: "profile",
    build: (close) => {
      const follow = form("profile-follow", [], "关注公众号", () => does.follow().then(close));
      const leave = form("unfollow", [], "取消关注", () => does.unfollow().then(close));
      leave.querySelector("button").className = "danger";
      leave.querySelector("button").dataset.testid = "unfollow";
      follow.querySelector("button").dataset.testid = "profile-follow";
      return [
        el(
          "div",
          { class: "profile-top" },
          avatar(person, "avatar-large"),
          el(
            "div",
            {},
            el("div", { class: "profile-name" }, el("bdi", {}, person.name)),
            el(
              "div",
              { class: "profile-state" },
              person.role === "merchant" ? "商家" : "顾客",
              " · ",
              person.follows ? "已关注公众号" : "未关注公众号",
              person.blocked && " · 已拉黑",
            ),
          ),
        ),
        facts([
          ["备注", person.remark && el("bdi", {}, person.remark)],
          [
            "标签",
            person.tags.length > 0 &&
              el(
                "span",
                { class: "tags" },
                person.tags.map((tag) => el("bdi", { class: "tag" }, tag)),
              ),
          ],
          ["习惯", HABITS[person.habit] ?? person.habit],
          ["openid", copyable(host, person.openid, "profile-openid")],
        ]),
        person.follows ? leave : follow,
      ];
    },
  });
}

/** `onSave(name, habit)` → promise. */
export function newPersonSheet(host, name, onSave) {
  openSheet(host, {
    title: "新建顾客",
    testid: "person-sheet",
    build: (close) => {
      const nameField = el("input", {
        class: "text-field",
        testid: "person-name",
        maxlength: "64",
        required: true,
        "data-first": true,
        placeholder: "例如：小美",
        autocomplete: "off",
      });
      nameField.value = name;
      const habitField = el(
        "select",
        { class: "text-field", testid: "person-habit" },
        el("option", { value: "" }, "由我来扮演"),
        Object.entries(HABITS).map(([value, label]) => el("option", { value }, label)),
      );
      return form(
        "person",
        [field("名字", nameField), field("习惯", habitField, "有习惯的顾客，演练时会自己回消息、下单或取关。")],
        "新建",
        () => onSave(nameField.value.trim(), habitField.value).then(close),
      );
    },
  });
}

// --- what a person can send -------------------------------------------------------------------------------------

/** `onScan(scene)` → promise. */
export function scanSheet(host, world, onScan) {
  openSheet(host, {
    title: "扫一扫渠道码",
    testid: "channels",
    build: (close) => {
      if (world.channels.length === 0) {
        return el(
          "div",
          { class: "sheet-none" },
          icon("qr"),
          el("p", {}, "还没有渠道码"),
          el("p", { class: "muted" }, "公众号建好渠道码，就会列在这里。"),
        );
      }
      const trouble = el("p", { class: "form-trouble", role: "alert", hidden: true });
      const scan = (scene) =>
        onScan(scene).then(close, (error) => {
          trouble.textContent = error.message;
          trouble.hidden = false;
        });
      return [
        trouble,
        el(
          "div",
          { class: "choice-list" },
          world.channels.map((channel) =>
            el(
              "button",
              {
                class: "choice-row",
                testid: "channel",
                "data-scene": channel.scene,
                on: { click: () => scan(channel.scene) },
              },
              el("span", { class: "choice-icon" }, icon("qr")),
              el(
                "span",
                { class: "choice-words" },
                el("bdi", { class: "choice-name" }, String(channel.scene)),
                el("span", { class: "muted" }, lifetime(channel, world.now())),
              ),
              icon("forward"),
            ),
          ),
        ),
      ];
    },
  });
}

function lifetime({ permanent, expires_at: end }, now) {
  if (permanent || end === null || end === undefined) return "永久码";
  return end < now ? "临时码，已过期" : `临时码，${separator(end, now)} 到期`;
}

/** `onSend({filename})` → promise; the same for voice ({recognition}) and place ({lat, lon, label}). */
export function pictureSheet(host, onSend) {
  openSheet(host, {
    title: "发图片",
    testid: "picture-sheet",
    build: (close) => {
      const name = el("input", {
        class: "text-field",
        testid: "picture-name",
        required: true,
        value: "照片.jpg",
        autocomplete: "off",
      });
      return form(
        "picture",
        [
          field("图片名", name, "演练平台会替你画一张图片。"),
          quickPicks(["连衣裙.jpg", "付款截图.png", "试穿照.jpg"], (word) => {
            name.value = word;
          }),
        ],
        "发送",
        () => onSend({ filename: name.value.trim() }).then(close),
      );
    },
  });
}

export function voiceSheet(host, onSend) {
  openSheet(host, {
    title: "发语音",
    testid: "voice-sheet",
    build: (close) => {
      const words = el("textarea", {
        class: "text-field",
        testid: "voice-words",
        rows: "3",
        "data-first": true,
        placeholder: "说了什么（微信识别出的文字）",
      });
      const send = () => {
        const heard = words.value.trim();
        return onSend(heard === "" ? {} : { recognition: heard }).then(close);
      };
      return form(
        "voice",
        [
          field("识别文字", words, "留空：没有识别结果的语音。"),
          quickPicks(["几点开门", "这条裙子还有 L 码吗", "今日"], (word) => {
            words.value = word;
          }),
        ],
        "发送",
        send,
      );
    },
  });
}

const PLACES = [
  ["上海市黄浦区人民广场", 31.2304, 121.4737],
  ["北京市朝阳区三里屯", 39.9373, 116.4551],
  ["广州市天河区体育西路", 23.1317, 113.3211],
];

export function placeSheet(host, onSend) {
  openSheet(host, {
    title: "发位置",
    testid: "place-sheet",
    build: (close) => {
      const number = (testid, value, limit) =>
        el("input", {
          class: "text-field",
          testid,
          type: "number",
          step: "any",
          min: -limit,
          max: limit,
          required: true,
          value,
        });
      const label = el("input", {
        class: "text-field",
        testid: "place-label",
        value: PLACES[0][0],
        autocomplete: "off",
      });
      const lat = number("place-lat", PLACES[0][1], 90);
      const lon = number("place-lon", PLACES[0][2], 180);
      const pick = (name) => {
        const [, north, east] = PLACES.find(([other]) => other === name);
        [label.value, lat.value, lon.value] = [name, north, east];
      };
      return form(
        "place",
        [
          quickPicks(
            PLACES.map(([name]) => name),
            pick,
          ),
          field("地点", label),
          el("div", { class: "field-pair" }, field("纬度", lat), field("经度", lon)),
        ],
        "发送",
        () => onSend({ lat: Number(lat.value), lon: Number(lon.value), label: label.value.trim() }).then(close),
      );
    },
  });
}

// --- account and clock ------------------------------------------------------------------------------------------

export function accountSheet(host, world) {
  const { account, people, channels } = world;
  const fans = [...people.values()].filter((person) => !person.kind);
  const followers = fans.filter((person) => person.follows).length;
  openSheet(host, {
    title: "公众号",
    testid: "account-sheet",
    build: () => [
      el(
        "div",
        { class: "profile-top" },
        avatar({ name: account.name, avatar: { text: account.name.slice(0, 1), color: "#07c160" } }, "avatar-large"),
        el(
          "div",
          {},
          el("div", { class: "profile-name" }, el("bdi", {}, account.name)),
          el("div", { class: "profile-state" }, KINDS[account.kind] ?? account.kind, " · 演练"),
        ),
      ),
      facts([
        ["关注的人", `${followers} 人（共 ${fans.length} 人）`],
        ["渠道码", `${channels.length} 个`],
        ["回调地址", account.callback_url || "还没有填，消息送不到店里"],
        ["加密方式", MODES[account.mode] ?? account.mode],
        ["AppID", copyable(host, account.app_id)],
        ["原始 ID", copyable(host, account.original_id)],
      ]),
      el("p", { class: "muted sheet-note" }, "这里的人和消息都是演练，不会发到真的微信。"),
    ],
  });
}

const LEAPS = [
  ["+10分钟", 600],
  ["+1天", 86400],
  ["+1周", 7 * 86400],
  ["+30天", 30 * 86400],
];

/** `onChange(change)` → promise; `change` is {advance: seconds} or {now: epoch}. */
export function clockSheet(host, world, onChange) {
  openSheet(host, {
    title: "调时间",
    testid: "clock-sheet",
    build: (close) => {
      const moment = el("input", {
        class: "text-field",
        type: "datetime-local",
        testid: "clock-input",
        required: true,
        "aria-label": "日期和时间",
      });
      moment.value = toField(world.now());
      const day = el("input", {
        class: "text-field",
        type: "date",
        testid: "clock-date",
        required: true,
        "aria-label": "日期",
      });
      day.value = toField(atHour(world.now(), 1, 10)).slice(0, 10);
      const jump = (input) => () => onChange({ now: fromField(input.value) }).then(close);
      const trouble = el("p", { class: "form-trouble", role: "alert", hidden: true });
      const leap = (seconds) =>
        onChange({ advance: seconds }).then(close, (error) => {
          trouble.textContent = error.message;
          trouble.hidden = false;
        });
      const at = form("clock-at", [field("指定时间（上海）", moment)], "设定", jump(moment));
      const to = form("clock-to", [field("跳到这一天 10:00", day)], "跳到", jump(day));
      for (const row of [at, to]) row.classList.add("form-inline");
      at.querySelector("button").dataset.testid = "clock-set";
      to.querySelector("button").dataset.testid = "clock-jump";
      return [
        el(
          "div",
          { class: "picks" },
          LEAPS.map(([label, seconds]) =>
            el(
              "button",
              { class: "pick", testid: `clock-advance-${seconds}`, on: { click: () => leap(seconds) } },
              label,
            ),
          ),
        ),
        trouble,
        at,
        to,
        el(
          "p",
          { class: "muted sheet-note" },
          "时钟从设定处接着走，也可以往回拨。到点该做的事（问候、群发、提醒）会照常发生。",
        ),
      ];
    },
  });
}
