// 待上传: what the phone still holds, and what a person decides about it: send again, send as a note, export, delete.

import { el, icon, live, member, sendNow, show } from "./shell.js";
import { drafts, get, items, listen, put, remove } from "./store.js";

const box = document.getElementById("queue");
const STATES = { waiting: ["待上传", "warn"], stuck: ["没有传上去", "bad"], conflict: ["要您决定", "warn"] };

const time = (iso) => {
  const at = new Date(iso);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
};
const button = (words, press, tone = "") => el("button", { type: "button", class: `btn ${tone}`.trim(), onclick: press }, words);

async function draw() {
  const [held, begun] = [await items(member), await drafts(member)];
  const open = new Set([...box.querySelectorAll("details[open]")].map((one) => one.id));
  box.replaceChildren(
    ...held.map(card),
    ...begun.map((draft) =>
      el(
        "section",
        { class: "card" },
        el("header", { class: "card-head" }, el("h2", {}, draft.name), el("span", { class: "chip", "data-tone": "mute" }, "草稿")),
        el(
          "div",
          { class: "card-body" },
          el("p", { class: "hint" }, `${time(draft.at)} 存下，照片 ${draft.shots.length} 张`),
          el(
            "div",
            { class: "form-buttons" },
            el("a", { class: "btn", href: draft.page }, "接着写"),
            sure("删除草稿", "删除后不能恢复。", () => remove("drafts", draft.id)),
          ),
        ),
      ),
    ),
  );
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (!held.length && !begun.length) {
    box.append(
      el("div", { class: "empty" }, icon("circle-check"), el("p", {}, el("strong", {}, "都已上传")), el("p", {}, "离线时提交的和没写完的会列在这里")),
    );
  }
}

function card(item) {
  const [words, tone] = STATES[item.state];
  const left = item.photos.filter((photo) => !photo.sent).length;
  const sent = item.number ? `文字已上传（${item.number}），` : "";
  return el(
    "section",
    { class: "card", "data-item": item.id },
    el("header", { class: "card-head" }, el("h2", {}, item.name), el("span", { class: "chip", "data-tone": tone }, words)),
    el(
      "div",
      { class: "card-body" },
      item.says ? el("p", { class: item.state === "stuck" ? "err" : "" }, item.says) : "",
      el("p", { class: "hint" }, `${time(item.captured)} 现场，${sent}照片待传 ${left} 张`),
      item.state === "conflict" ? difference(item) : "",
      el("details", { id: `see-${item.id}` }, el("summary", {}, "看内容"), inside(item)),
      el("div", { class: "form-buttons" }, ...acts(item)),
    ),
  );
}

function inside(item) {
  const pictures = item.photos.filter((photo) => photo.bytes);
  return el(
    "div",
    {},
    el("dl", { class: "facts" }, ...item.lines.map(([name, words]) => el("div", {}, el("dt", {}, name), el("dd", {}, words)))),
    el(
      "ul",
      { class: "shot-list" },
      ...pictures.map((photo, at) =>
        el("li", {}, el("img", { src: URL.createObjectURL(new Blob([photo.bytes], { type: photo.type })), alt: `${photo.label} ${at + 1}` })),
      ),
    ),
  );
}

// What stood there when the form was opened, and what stands there now.
function difference(item) {
  const { now, since } = item.answer;
  if (!now) return el("p", { class: "hint" }, "这件您已看不到，最新情况请问指挥中心。");
  return el(
    "dl",
    { class: "facts then-now" },
    el("div", {}, el("dt", {}, "打开时"), el("dd", {}, item.status || "—")),
    el(
      "div",
      {},
      el("dt", {}, "现在"),
      el(
        "dd",
        {},
        now,
        ...since.map((one) => el("p", {}, el("strong", {}, one.title), ` ${one.who} ${one.at}`, one.text ? el("br") : "", one.text)),
      ),
    ),
    el("div", {}, el("dt", {}, "您写的"), el("dd", {}, words(item) || "—")),
  );
}

const words = (item) => item.lines.map(([name, text]) => `${name}：${text}`).join("\n");

function acts(item) {
  const again = (change = {}) => async () => {
    const fresh = await get("items", item.id);
    await put("items", { ...fresh, state: "waiting", says: "", answer: null, ...change });
    await sendNow();
    await draw();
  };
  const buttons = [];
  if (item.state === "conflict" && item.answer.now) buttons.push(button("改作备注上传", again(asNote(item)), "primary"));
  if (item.state === "conflict") buttons.push(button("取回文字", (event) => copy(event.target, item)));
  if (item.state === "stuck" && item.answer?.clock) {
    buttons.push(button("按现在的时间提交", again({ captured: new Date().toISOString(), at: null }), "primary"));
  }
  if (item.state === "stuck") buttons.push(button("再试一次", again()));
  if (item.state === "waiting") buttons.push(button("现在上传", again()));
  buttons.push(button("导出", () => download(item)));
  buttons.push(sure(item.state === "conflict" ? "放弃" : "删除", "删除后手机里不再有这件，不能恢复。", () => remove("items", item.id)));
  return buttons;
}

function asNote(item) {
  return {
    id: item.id,
    target: item.target.replace(/[^/]+\/$/, "note/"),
    fields: [["text", `${item.name}没有办成，转为备注。\n${words(item)}`]],
    name: `备注 ${item.name.split(" ").pop()}`,
    seen: "",
    photos: item.photos.map((photo) => ({ ...photo })),
  };
}

async function copy(pressed, item) {
  const text = words(item);
  const area = el("textarea", { rows: "4", readonly: true, "aria-label": "取回的文字" });
  area.value = text;
  pressed.closest(".form-buttons").after(area);
  pressed.remove();
  area.focus();
  area.select();
  await navigator.clipboard?.writeText(text).catch(() => null);
}

async function download(item) {
  const { zip } = await import("./zip.js");
  const { photos, ...rest } = item;
  const listed = photos.map(({ bytes, ...photo }) => ({ ...photo, file: bytes ? `${photo.sha256.slice(0, 12)}.${photo.type.split("/")[1]}` : null }));
  const text = JSON.stringify({ ...rest, photos: listed }, null, 2);
  const files = photos.flatMap((photo, at) => (photo.bytes ? [[listed[at].file, new Uint8Array(photo.bytes)]] : []));
  const made = zip([["item.json", new TextEncoder().encode(text)], ...files]);
  const link = el("a", { href: URL.createObjectURL(made), download: `待上传-${item.id.slice(0, 8)}.zip` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// A deletion says what it means before it is done.
function sure(name, consequence, act) {
  return button(
    name,
    (event) => {
      const row = event.target.closest(".form-buttons");
      const yes = button(`确认${name}`, async () => {
        await act();
        await show();
        await draw();
      }, "danger");
      row.replaceChildren(el("p", { class: "hint", role: "alert" }, consequence), yes, button("不删", draw));
      yes.focus();
    },
    "quiet",
  );
}

if (live && box) {
  listen((news) => (news.arrived || news.held) && draw());
  draw();
}

// 我的: clearing the phone of everything of this member's, with a warning of what is unsent.
const wipe = document.querySelector("[data-wipe]");
wipe?.addEventListener("click", async () => {
  const [held, begun] = [await items(member), await drafts(member)];
  const said = document.querySelector("[data-wipe-words]");
  if (!wipe.dataset.sure && held.length + begun.length) {
    said.textContent = `还有 ${held.length} 件没有上传、${begun.length} 份草稿，清除后不能恢复。再按一次清除。`;
    wipe.dataset.sure = "1";
    return;
  }
  for (const item of held) await remove("items", item.id);
  for (const draft of begun) await remove("drafts", draft.id);
  await caches.delete("phone-pages");
  delete wipe.dataset.sure;
  said.textContent = "已清除";
  await show();
});
