// What has changed since: asked every ten seconds, answered 304 while nothing has. The list itself is never touched
// unasked, or somebody would hit the wrong row.

import { ring } from "./bell.js";

const EVERY = 10_000;

export function watch({ work, list, opened, body, reload, say }) {
  const news = document.getElementById("news");
  const unreached = document.getElementById("unreached");
  let etag = "";
  let asked = "";
  let rung = 0;
  let timer = 0;

  async function ask() {
    clearTimeout(timer);
    try {
      await look();
      unreached.hidden = true;
      unreached.dataset.since = clock();
    } catch {
      if (unreached.hidden) {
        unreached.querySelector("p").textContent = `没有连上服务器，列表停在 ${unreached.dataset.since}`;
        unreached.hidden = false;
      }
    }
    timer = setTimeout(ask, EVERY);
  }

  async function look() {
    const since = document.getElementById("queue").dataset.newest;
    const query = new URLSearchParams({ tab: work.dataset.tab, since, ...(opened() && { open: opened() }) });
    const address = `${work.dataset.poll}?${query}`;
    if (address !== asked) etag = "";
    asked = address;
    const answer = await fetch(address, { cache: "no-store", headers: etag ? { "If-None-Match": etag } : {}, signal: AbortSignal.timeout(EVERY) });
    if (answer.status === 304) return;
    if (answer.redirected) return location.reload(); // signed out meanwhile
    if (!answer.ok) throw new Error(String(answer.status));
    etag = answer.headers.get("ETag") ?? "";
    if (address === asked) show(await answer.json());
  }

  function show({ counts, fresh, urgent, case: latest }) {
    for (const tab of document.querySelectorAll("#tabs a")) tab.querySelector("b").textContent = counts[tab.dataset.tab] ?? "0";
    news.hidden = !fresh;
    if (fresh) news.querySelector("p").textContent = `有 ${fresh} 条新事件`;
    if (urgent > rung && work.dataset.sound === "on") ring();
    rung = urgent;
    if (latest) taken(latest);
  }

  // Somebody else was at the case one has before oneself: what is typed stays, but cannot be sent.
  function taken({ seq, says }) {
    const banner = document.getElementById("taken");
    if (!banner || !banner.hidden || seq <= Number(body().dataset.seq)) return;
    banner.querySelector("p").textContent = says;
    banner.hidden = false;
    document.getElementById("acting").inert = true;
    say(says);
  }

  news.querySelector("a").addEventListener("click", async (event) => {
    event.preventDefault();
    const since = document.getElementById("queue").dataset.newest;
    news.hidden = true;
    rung = 0;
    await reload(since);
    list.querySelector(".task")?.focus();
  });
  unreached.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    ask();
  });
  // The bell of this seat, in the bar: one press, no page.
  const bell = document.querySelector(`a.toptool[href="${work.dataset.seat}"]`);
  bell?.addEventListener("click", async (event) => {
    event.preventDefault();
    const on = work.dataset.sound !== "on";
    const sent = new FormData();
    if (work.dataset.keys === "on") sent.set("keys", "on");
    if (on) sent.set("sound", "on");
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    const answer = await fetch(work.dataset.seat, { method: "POST", body: sent, headers, redirect: "manual" });
    if (answer.type !== "opaqueredirect") return say("没有改成，请到坐席设置里改");
    work.dataset.sound = on ? "on" : "off";
    bell.querySelector("span").textContent = on ? "铃声" : "已静音";
    const use = bell.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, on ? "#volume" : "#volume-off"));
    say(on ? "紧急事件到达时响铃" : "已静音");
    if (on) ring();
  });
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  timer = setTimeout(ask, EVERY);
}

const clock = () => new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
