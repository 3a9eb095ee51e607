// Forms: sent once, and the summary of errors is where the eye and the reader go.

const BUSY = "data-sending";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.hasAttribute("data-once")) return;
  if (form.hasAttribute(BUSY)) return event.preventDefault();
  form.setAttribute(BUSY, "");
  for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-disabled", "true");
});

// Going back with the browser shows the page as it was left: let it be sent again. The key stays, so one act stays one.
window.addEventListener("pageshow", (event) => event.persisted && release(document));
document.addEventListener("htmx:afterRequest", (event) => release(event.target));

function release(root) {
  const forms = root.matches?.(`form[${BUSY}]`) ? [root] : (root.querySelectorAll?.(`form[${BUSY}]`) ?? []);
  for (const form of forms) {
    form.removeAttribute(BUSY);
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
}

function showErrors(root) {
  root.querySelector(".es")?.focus();
}

document.addEventListener("htmx:afterSettle", (event) => showErrors(event.detail?.elt?.parentElement ?? document));
showErrors(document);

// Following an error goes into the box, not only to it.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".es a[href^='#']");
  const box = link && document.getElementById(link.hash.slice(1));
  if (!box) return;
  event.preventDefault();
  box.focus({ preventScroll: true });
  (box.closest(".field") ?? box).scrollIntoView({ block: "center" });
});

// What is typed in a long box outlives the page until it has been sent: kept in this tab, for whoever is signed in
// (data-who), thrown away once the form has led somewhere else, and at signing out. Never passwords or files.
const who = document.body.dataset.who;
const DRAFT = "draft:";
const SENT = "draft-sent";
const own = `${DRAFT}${who}:`;

function clearDrafts(prefix) {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key);
}

function draftKey(box) {
  const action = new URL(box.form?.getAttribute("action") || location.pathname, location.href).pathname;
  return `${own}${action}|${box.name}`;
}

function restoreDrafts(root) {
  if (!who) return;
  for (const box of root.querySelectorAll("form[method=post] textarea[name]")) {
    const held = sessionStorage.getItem(draftKey(box));
    if (held && !box.value) {
      box.value = held;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

if (who) {
  const sent = sessionStorage.getItem(SENT);
  if (sent) {
    sessionStorage.removeItem(SENT);
    // Still at the address it was sent to: it was refused, and the form comes back with what was typed.
    if (sent !== location.pathname) clearDrafts(`${own}${sent}|`);
  }
  document.addEventListener("input", (event) => {
    const box = event.target;
    if (box.tagName !== "TEXTAREA" || !box.name || box.form?.method !== "post") return;
    if (box.value) sessionStorage.setItem(draftKey(box), box.value);
    else sessionStorage.removeItem(draftKey(box));
  });
  document.addEventListener("submit", (event) => {
    const action = new URL(event.target.getAttribute("action") || location.pathname, location.href).pathname;
    if (action === "/logout/") clearDrafts(DRAFT);
    else if (event.target.querySelector("textarea")) sessionStorage.setItem(SENT, action);
  });
  restoreDrafts(document);
  document.addEventListener("htmx:afterSettle", (event) => restoreDrafts(event.detail?.elt?.parentElement ?? document));
}
