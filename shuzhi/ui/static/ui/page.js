// Toasts that go away, rows of links that show where one is, menus that close, tabs that follow the arrow keys.

function start(toast) {
  if (toast.dataset.running) return;
  toast.dataset.running = "1";
  let left = Number(toast.dataset.seconds || 4);
  const shown = toast.querySelector("[data-left]");
  const timer = setInterval(() => {
    if (toast.matches(":hover, :focus-within")) return; // nobody loses the undo while reaching for it
    left -= 1;
    if (shown) shown.textContent = String(left);
    if (left > 0 && toast.isConnected) return;
    clearInterval(timer);
    toast.remove();
  }, 1000);
}

function startAll() {
  for (const toast of document.querySelectorAll(".toast:not([data-kept])")) start(toast);
}

startAll();
document.addEventListener("htmx:oobAfterSwap", startAll);
document.addEventListener("htmx:afterSettle", startAll);

// A row of links that is wider than the screen is moved until the page that is open is in sight.
for (const open of document.querySelectorAll(".sections [aria-current], .rail [aria-current]")) {
  const row = open.parentElement;
  row.scrollLeft += Math.max(0, open.getBoundingClientRect().right - row.getBoundingClientRect().right);
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest?.("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = event.target.closest?.("details.menu[open]");
    closeMenus();
    menu?.querySelector("summary").focus();
  }
  const tab = event.target.closest?.('[role="tab"]');
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')];
  choose(tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]).focus();
});
document.addEventListener("click", (event) => {
  const tab = event.target.closest?.('[role="tab"]');
  if (tab) choose(tab);
});

function choose(tab) {
  for (const other of tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  return tab;
}
