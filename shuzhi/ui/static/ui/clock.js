// Keeps the deadline lights right without a request; the rules are those of shuzhi/ui/clocktext.py.
// The machine's own clock is not trusted: only the time passed since the server said what time it was.

const MINUTE = 60_000;
const stamp = document.querySelector('meta[name="server-time"]');
let skew = stamp ? Date.parse(stamp.content) - Date.now() : 0;

export function spanText(span) {
  const minutes = Math.floor(span / MINUTE);
  if (minutes < 60) return `${Math.max(minutes, 1)} 分`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} 小时`;
  return `${Math.floor(minutes / (24 * 60))} 天`;
}

export function light(due, soon, now) {
  if (now > due) return ["over", `超期 ${spanText(now - due)}`];
  const left = due - now;
  return [now >= soon ? "soon" : "ok", left >= MINUTE ? `剩 ${spanText(left)}` : "剩不到 1 分"];
}

function refresh() {
  const now = Date.now() + skew;
  const live = document.getElementById("live");
  for (const clock of document.querySelectorAll(".clock[data-due]")) {
    const due = Date.parse(clock.dataset.due);
    const [state, text] = light(due, Date.parse(clock.dataset.soon || clock.dataset.due), now);
    const words = (clock.dataset.prefix || "") + text;
    if (clock.textContent !== words) clock.textContent = words;
    if (clock.dataset.s === state) continue;
    clock.dataset.s = state;
    const title = clock.closest(".task")?.querySelector(".task-title")?.textContent.trim();
    if (live) live.textContent = title ? `${title}，${words}` : words; // read out on a change of state only
  }
}

refresh();
setInterval(refresh, 30_000);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
document.addEventListener("htmx:afterSettle", refresh);
document.addEventListener("htmx:afterRequest", (event) => {
  const date = event.detail.xhr?.getResponseHeader("Date");
  if (date) skew = Date.parse(date) - Date.now();
});
