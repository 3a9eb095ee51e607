// The service worker of the phone. Before this text the server puts: flush, VERSION, FILES, QUEUE, GRIDS (views/phone_shell.py).
// It keeps our own static files, the grids of the town, and of the pages only those marked as holding nobody's data; it sends the queue when the
// network returns.

const STATIC = `phone-static-${VERSION}`;
const PAGES = "phone-pages";
const KEEP = "X-Phone-Keep";
const HASHED = /\.[0-9a-f]{12}\.\w+$/;
const PATIENCE = 6000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STATIC).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("phone-static-") && name !== STATIC).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("sync", (event) => {
  if (event.tag !== "phone-queue") return;
  event.waitUntil(
    flush().then((went) => {
      if (went === "offline") throw new Error("no network"); // asked again by the browser
    }),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (address.pathname.startsWith("/static/")) event.respondWith(asset(request, address));
  else if (request.mode === "navigate" || address.pathname === GRIDS) event.respondWith(page(request, address));
});

async function asset(request, address) {
  const kept = await caches.open(STATIC);
  const found = await kept.match(request);
  if (found && HASHED.test(address.pathname)) return found;
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await kept.put(request, fresh.clone());
    return fresh;
  } catch (failure) {
    if (found) return found;
    throw failure;
  }
}

// The network first; a page that was kept where there is none, or where it does not answer.
async function page(request, address) {
  const kept = await caches.open(PAGES);
  const found = await kept.match(address.pathname);
  const fresh = fetch(request).then(async (answer) => {
    const keeps = answer.headers.has(KEEP) || address.pathname === GRIDS;
    if (answer.ok && keeps && !answer.redirected) await kept.put(address.pathname, answer.clone());
    return answer;
  });
  try {
    return await (found ? Promise.race([fresh, late()]) : fresh);
  } catch {
    fresh.catch(() => null);
    if (request.mode !== "navigate") return found ?? Response.error();
    return found ?? (await nearest(kept, address)) ?? nothing();
  }
}

const late = () => new Promise((_, give) => setTimeout(() => give(new Error("slow")), PATIENCE));

// 上报 leads to a form by a redirect, which cannot be kept: the form itself is. Everything else becomes 待上传.
async function nearest(kept, address) {
  const forms = (await kept.keys()).filter(({ url }) => address.pathname.length > 3 && new URL(url).pathname.startsWith(address.pathname));
  return forms.length ? kept.match(forms[0]) : kept.match(QUEUE);
}

function nothing() {
  const words = "<!doctype html><html lang=zh-CN><meta charset=utf-8><meta name=viewport content='width=device-width'><title>当前离线</title><h1>当前离线</h1><p>联网后再打开。</p>";
  return new Response(words, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
