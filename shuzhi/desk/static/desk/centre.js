// The command centre: the opened case, its row and its place on the map are always the same one.

import { openMap } from "../ui/map.js";
import { listen } from "./centre-keys.js";
import { watch } from "./centre-poll.js";

const work = document.getElementById("main");
const list = document.getElementById("list");
const panel = document.getElementById("panel");
const live = document.getElementById("live");
const wide = matchMedia("(min-width: 1280px)");
let map = null;

const rows = () => [...list.querySelectorAll(".task")];
const current = () => list.querySelector('.task[aria-current="true"]');
const body = () => document.getElementById("panel-body");
const opened = () => body()?.dataset.number ?? "";

function say(words) {
  live.textContent = "";
  requestAnimationFrame(() => (live.textContent = words));
}

function mark(row) {
  for (const other of rows()) if (other !== row) other.removeAttribute("aria-current");
  row?.setAttribute("aria-current", "true");
  row?.scrollIntoView({ block: "nearest" });
}

// One row on or back; the focus goes with it, the panel waits for Enter.
function step(by) {
  const all = rows();
  const at = all.indexOf(current());
  const row = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!row) return;
  mark(row);
  row.focus({ preventScroll: true });
}

const addressOf = (number) => `${work.dataset.page}${number}/?tab=${encodeURIComponent(work.dataset.tab)}`;

function open(number = current()?.dataset.id) {
  if (!number || number === opened()) return Promise.resolve();
  return htmx.ajax("GET", addressOf(number), { target: "#panel", swap: "innerHTML" }).then(() => history.replaceState(history.state, "", addressOf(number)));
}

function reload(since = "") {
  const query = new URLSearchParams({ tab: work.dataset.tab, list: "1", ...(since && { since }) });
  return htmx.ajax("GET", `${work.dataset.page}${opened() ? `${opened()}/` : ""}?${query}`, { target: "#list", swap: "innerHTML" }).then(showPoints);
}

function following(number) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.id === number);
  return at < 0 ? "" : (all[at + 1] ?? all[at - 1])?.dataset.id ?? "";
}

// A form of the panel goes out: it says which queue is open and which case comes next.
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, parameters, elt } = event.detail;
  if (verb !== "post" || !panel.contains(elt)) return;
  parameters.tab = work.dataset.tab;
  parameters.next = following(opened());
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== panel || !body()) return;
  const { gone, reload: anew, told } = body().dataset;
  work.toggleAttribute("data-open", Boolean(opened()));
  if (gone && gone !== opened()) list.querySelector(`[data-id="${CSS.escape(gone)}"]`)?.closest("li").remove();
  if (anew !== undefined || (gone && !rows().length)) reload();
  else if (gone) showPoints();
  const row = rows().find((one) => one.dataset.id === opened());
  mark(row);
  map?.select(opened() || null);
  panel.scrollTop = 0;
  if (told !== undefined) (row ?? list.querySelector("a, button") ?? panel).focus({ preventScroll: true });
  if (opened()) say(`已打开 ${opened().slice(-4)}`);
});

// What was refused by the server stays where it was; only what never arrived is said here.
document.addEventListener("htmx:sendError", () => say("没有连上服务器，刚才的操作没有写入"));

list.addEventListener("click", (event) => {
  const row = event.target.closest(".task");
  if (row) mark(row);
});

function note(words) {
  const shown = document.querySelector("#map-note span");
  shown.hidden = !words;
  shown.textContent = words;
}

async function showPoints() {
  if (!map) return;
  try {
    const answer = await fetch(document.getElementById("map").dataset.points);
    if (!answer.ok) throw new Error(String(answer.status));
    const { points, more } = await answer.json();
    map.show(points);
    note(more ? "只画了时限最近的 500 件" : "");
  } catch {
    note("地图上的事件没有取到，以列表为准");
  }
}

async function drawMap() {
  if (map || !wide.matches) return; // below that width there is no room for it
  const box = document.getElementById("map");
  try {
    map = await openMap(box);
  } catch {
    return note("地图没有取到，以列表为准");
  }
  box.addEventListener("map:select", (event) => open(event.detail.id));
  await showPoints();
  map.select(opened() || null);
}

drawMap();
wide.addEventListener("change", drawMap);
watch({ work, list, opened, body, reload, say });
if (work.dataset.keys === "on") listen({ work, panel, rows, current, opened, open, step, say });
