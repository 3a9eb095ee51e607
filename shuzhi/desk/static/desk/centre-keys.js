// The keys of a seat. Never while something is typed, never with Ctrl, ⌘ or Alt; Ctrl+Enter sends the form one is in.

const TYPED = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]";

export function listen({ work, panel, current, opened, open, step, say }) {
  const keys = document.getElementById("keys");
  let going = 0; // when G was pressed

  document.getElementById("keys-open")?.addEventListener("click", () => show());
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.isComposing) return;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event, target.closest("#panel form"));
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    if (key === "Escape") return leave(target);
    if (target.closest(TYPED)) return;
    if (/^[1-5]$/.test(key) && Date.now() - going < 1500) return follow(event, `#tabs a:nth-child(${key})`);
    going = 0;
    const does = DOES[key.length === 1 ? key.toLowerCase() : key];
    if (does) does(event);
  });

  const DOES = {
    j: (event) => take(event, () => step(1)),
    k: (event) => take(event, () => step(-1)),
    g: () => (going = Date.now()),
    d: (event) => take(event, dispatch),
    n: (event) => take(event, intake),
    r: (event) => press(event, ["send_back", "redispatch"], "退回"),
    m: (event) => press(event, ["merge"], "并案"),
    u: (event) => press(event, ["supervise", "urge"], "督办"),
    "/": (event) => take(event, () => document.querySelector(".topsearch input")?.focus()),
    "?": (event) => take(event, show),
  };

  function show() {
    keys.showModal();
    keys.querySelector("button").focus();
  }

  function take(event, does) {
    event.preventDefault();
    does();
  }

  function send(event, form) {
    if (!form || form.closest("[inert]")) return;
    event.preventDefault();
    form.requestSubmit();
  }

  function leave(target) {
    if (target.closest(TYPED) || panel.contains(target)) (current() ?? document.getElementById("list")).focus();
    else if (work.hasAttribute("data-open") && !matchMedia("(min-width: 900px)").matches) work.removeAttribute("data-open");
  }

  async function dispatch() {
    if (current() && current().dataset.id !== opened()) await open();
    const lead = panel.querySelector("#act [name=lead]");
    if (lead && !lead.closest("[inert]")) lead.focus();
    else say("这件现在不能派单");
  }

  async function press(event, acts, name) {
    event.preventDefault();
    if (current() && current().dataset.id !== opened()) await open();
    const button = acts.map((act) => panel.querySelector(`#acting [data-act=${act}]`)).find(Boolean);
    if (!button || button.closest("[inert]")) return say(`这件现在不能${name}`);
    button.click();
  }

  function intake() {
    if (!work.dataset.intake) return say("来电登记由坐席办理");
    htmx.ajax("GET", work.dataset.intake, { target: "#panel", select: "#report", swap: "innerHTML" }).then(() => {
      work.setAttribute("data-open", "");
      panel.querySelector("#report :is(select, input:not([type=hidden]), textarea)")?.focus();
    });
  }

  function follow(event, selector) {
    event.preventDefault();
    document.querySelector(selector)?.click();
  }
}
