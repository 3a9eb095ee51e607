// On every page of the phone: the worker that keeps the pages, the banner that says what is unsent, and signing out.

import { flush } from "./send.js";
import { drafts, items, listen } from "./store.js";

const DAY = 24 * 3600_000;
const PAGES = "phone-pages";
export const member = Number(document.body.dataset.member);
export const live = window.isSecureContext && "indexedDB" in window;
let last = navigator.onLine ? "" : "offline";
let progress = null;

// A small element: el("p", {class: "hint"}, "words", other).
export function el(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside.filter((one) => one !== null && one !== ""));
  return made;
}

export function icon(name) {
  const sprite = document.querySelector("svg.icon use").getAttribute("href").split("#")[0];
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  drawn.append(use);
  return drawn;
}

export async function sendNow() {
  if (!live) return "offline";
  last = navigator.onLine ? await flush() : "offline";
  progress = null;
  await show();
  return last;
}

export async function show() {
  const box = document.getElementById("phone-state");
  if (!box || !live) return;
  const found = describe(await items(member));
  for (const words of document.querySelectorAll("[data-offline-words]")) words.hidden = last !== "offline";
  box.replaceChildren();
  if (!found) return;
  const [tone, name, words, link] = found;
  box.append(
    el(
      "div",
      { class: "banner", "data-tone": tone, role: tone === "bad" && "alert" },
      icon(name),
      el("p", {}, words),
      link && !(box.hasAttribute("data-here") && link[1] !== "/login/") ? el("a", { href: link[1] }, link[0]) : "",
    ),
  );
}

function describe(held) {
  const link = ["查看", document.getElementById("phone-state").dataset.queue];
  const login = ["重新登录", "/login/"];
  const some = (state) => held.filter((item) => item.state === state).length;
  const late = held.filter((item) => Date.now() - Date.parse(item.captured) > DAY).length;
  if (late) return ["bad", "alert-circle", `有 ${late} 件超过 24 小时没有上传`, last === "signin" ? login : link];
  if (progress) return ["info", "cloud-upload", `正在上传 ${progress.sending} / ${progress.of}`, null];
  if (some("conflict")) return ["warn", "alert-circle", `有 ${some("conflict")} 件已被改动，请看差异再定`, link];
  if (some("stuck")) return ["bad", "alert-circle", `有 ${some("stuck")} 件没有传上去，要您处置`, link];
  if (last === "signin" && held.length) {
    return ["warn", "lock", `登录已过期·${held.length} 件待上传，登录后接着传`, login];
  }
  if (last === "offline") {
    const more = held.length ? `·${held.length} 件待上传，联网后自动上传` : "，上报先存在手机里";
    return ["warn", "wifi-off", `当前离线${more}`, held.length ? link : null];
  }
  return held.length ? ["info", "cloud-upload", `${held.length} 件待上传`, link] : null;
}

// -- what is kept of the pages: of the one member whose phone it is ---------------------------------------------------

async function keepPages() {
  const owner = String(member);
  if (localStorage.getItem("phone-owner") !== owner) {
    await caches.delete(PAGES);
    localStorage.setItem("phone-owner", owner);
  }
  const kept = await caches.open(PAGES);
  for (const address of document.body.dataset.kept.split(" ").filter(Boolean)) {
    if (await kept.match(address)) continue;
    const page = await fetch(address, { credentials: "same-origin" }).catch(() => null);
    if (page?.ok && page.headers.has("X-Phone-Keep")) await kept.put(address, page);
  }
}

async function register() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/sw.js", { scope: "/m/", type: "module" });
    await navigator.serviceWorker.ready;
    await keepPages();
  } catch {
    // An old browser, or no network: pages are not kept, the queue still is.
  }
}

export async function wakeLater() {
  try {
    const ready = await navigator.serviceWorker.ready;
    await ready.sync.register("phone-queue");
  } catch {
    // No background sync: it is sent when the page is opened or the network returns.
  }
}

// -- signing out: nothing unsent is lost silently, and no page stays behind -------------------------------------------

async function leave(event) {
  const form = event.target.closest("form[data-leave]");
  if (!form || !live || form.dataset.sure) return;
  event.preventDefault();
  const held = (await items(member)).length;
  const begun = (await drafts(member)).length;
  const box = form.querySelector("[data-warning]");
  if ((held || begun) && box.hidden) {
    const parts = [held && `${held} 件没有上传`, begun && `${begun} 份草稿`].filter(Boolean);
    box.querySelector("p").textContent = `还有 ${parts.join("、")}。退出后仍存在这部手机里，只有您重新登录才能看到和上传。`;
    box.hidden = false;
    box.querySelector("p").focus();
    return;
  }
  await caches.delete(PAGES);
  form.dataset.sure = "1";
  form.submit();
}

if (live) {
  listen((news) => {
    if (news.sending) progress = news;
    show();
  });
  document.addEventListener("submit", leave);
  window.addEventListener("online", sendNow);
  window.addEventListener("offline", () => {
    last = "offline";
    show();
  });
  document.addEventListener("visibilitychange", () => document.hidden || sendNow());
  register();
  show();
  sendNow();
}
