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
