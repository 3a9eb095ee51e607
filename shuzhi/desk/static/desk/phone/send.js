// Sends the queue, oldest first: of each item the text, then its photographs one by one. Runs in a page and in the worker.
// Nothing is forgotten before the server has said what it has: the number of the case, the hash of the photograph.

import { announce, items, put, remove } from "./store.js";

const WHO = "/m/queue/who/";
const PHOTO = "/m/queue/photo/";

// "sent": all that can go has gone · "offline": later · "signin": whoever it belongs to must sign in again.
export function flush() {
  return navigator.locks ? navigator.locks.request("shuzhi-phone", sendAll) : sendAll();
}

async function sendAll() {
  const before = Date.now();
  const [status, me] = await ask(WHO);
  if (status === 401) return "signin";
  if (status !== 200) return "offline";
  const skew = Date.parse(me.now) - (before + Date.now()) / 2;
  const waiting = (await items(me.member)).filter((item) => item.state === "waiting");
  for (const [index, item] of waiting.entries()) {
    announce({ sending: index + 1, of: waiting.length });
    const went = await sendOne(item, me, skew);
    if (went === "offline" || went === "signin") return went;
  }
  return "sent";
}

async function sendOne(item, me, skew) {
  if (!item.number) {
    // Worked out once and kept: sent again, it must be the same item to the letter.
    if (!item.at) {
      const at = Date.parse(item.captured) + skew;
      item.at = new Date(Math.min(at, Date.now() + skew)).toISOString();
      await put("items", item);
    }
    const body = common(item, me);
    for (const [name, value] of item.fields) body.append(name, value);
    body.append("idempotency_key", item.id);
    body.append("seen", item.seen ?? "");
    const [status, answer] = await ask(item.target, body, me.csrf);
    if (status !== 200) return hold(item, status, answer);
    item.number = answer.number;
    await put("items", item);
  }
  for (const photo of item.photos) {
    if (photo.sent) continue;
    const body = common(item, me);
    body.append("label", photo.label);
    body.append("photo", new Blob([photo.bytes], { type: photo.type }), "photo");
    const [status, answer] = await ask(`${PHOTO}${item.number}/`, body, me.csrf);
    if (status !== 200) return hold(item, status, answer);
    if (answer.sha256 !== photo.sha256) return "offline"; // something was lost on the way: send it again
    photo.sent = true;
    photo.bytes = null;
    await put("items", item);
  }
  await remove("items", item.id);
  announce({ arrived: item.id, number: item.number });
  return "sent";
}

function common(item, me) {
  const body = new FormData();
  body.append("member", me.member);
  body.append("happened_at", item.at);
  return body;
}

// What was refused waits for a person; what did not get through is tried again.
async function hold(item, status, answer) {
  if (status === 401) return "signin";
  if (!answer?.says || status >= 500 || status === 429) return "offline";
  const changed = status === 409 || (status === 404 && !item.number);
  item.state = changed ? "conflict" : "stuck";
  item.says = answer.says;
  item.answer = answer;
  await put("items", item);
  announce({ held: item.id });
  return "held";
}

// [status, JSON or null]; status 0 where nobody answered.
async function ask(address, body, token) {
  try {
    const answer = await fetch(address, {
      method: body ? "POST" : "GET",
      body,
      headers: { Accept: "application/json", ...(token ? { "X-CSRFToken": token } : {}) },
      credentials: "same-origin",
      cache: "no-store",
    });
    return [answer.status, await answer.json().catch(() => null)];
  } catch {
    return [0, null];
  }
}
