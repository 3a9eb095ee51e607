// A form of the phone: what is typed is kept at each blur, photographs are made small, the place is asked for once, and what
// is submitted goes into the queue first and from there to the server.

import { shrink } from "./photo.js";
import { el, icon, live, member, sendNow, show, wakeLater } from "./shell.js";
import { get, listen, put, remove } from "./store.js";

const OWN = new Set(["csrfmiddlewaretoken", "idempotency_key", "seen"]);
const NEAR = 50;

class Form {
  constructor(form) {
    this.form = form;
    this.shots = [];
    this.draft = form.hasAttribute("data-quick") ? "" : `${member}:${form.dataset.queue}`;
    this.place = form.querySelector("[data-position]");
    form.setAttribute("data-live", "");
    form.addEventListener("submit", (event) => this.submit(event));
    form.addEventListener("focusout", () => this.keep());
    form.addEventListener("change", (event) => {
      if (event.target.type === "file") this.take(event.target);
      else this.keep();
    });
    for (const tree of form.querySelectorAll("[data-tree]")) {
      tree.addEventListener("change", () => this.tree(tree));
      this.tree(tree);
    }
    document.querySelector("[data-clear]")?.addEventListener("click", () => this.clear());
    this.start();
  }

  async start() {
    const draft = this.draft && (await get("drafts", this.draft));
    if (draft) this.restore(draft);
    if (this.place) this.locate();
  }

  // -- what is kept while it is written ------------------------------------------------------------------------------

  fields() {
    return [...new FormData(this.form)].filter(([name, value]) => !OWN.has(name) && typeof value === "string" && value !== "");
  }

  async keep() {
    if (!this.draft || this.sending) return;
    const fields = this.fields();
    const words = fields.some(([name]) => !["lon", "lat", "accuracy_m", "task"].includes(name));
    if (!words && !this.shots.length) return void (await remove("drafts", this.draft));
    const name = this.form.dataset.name;
    await put("drafts", { id: this.draft, member, name, page: location.pathname, fields, shots: this.shots, at: new Date().toISOString() });
    const note = document.querySelector("[data-draft-note]");
    if (note) note.textContent = `草稿已存 ${new Date().toTimeString().slice(0, 5)}`;
  }

  restore({ fields, shots }) {
    for (const box of this.form.querySelectorAll("input[type=checkbox], input[type=radio]")) {
      box.checked = fields.some(([name, value]) => name === box.name && value === box.value);
    }
    for (const [name, value] of fields) {
      const box = this.form.elements[name];
      if (box && "value" in box && !["checkbox", "radio"].includes(box.type)) box.value = value;
    }
    this.shots = shots;
    this.draw();
    for (const tree of this.form.querySelectorAll("[data-tree]")) this.tree(tree);
    const note = document.querySelector("[data-draft-note]");
    if (note) note.textContent = "已取回草稿";
  }

  async clear() {
    if (this.draft) await remove("drafts", this.draft);
    this.form.reset();
    this.shots = [];
    this.draw();
    this.errors({});
    for (const branch of this.form.querySelectorAll("[data-tree] details")) branch.open = false;
    for (const tree of this.form.querySelectorAll("[data-tree]")) this.tree(tree);
    const note = document.querySelector("[data-draft-note]");
    if (note) note.textContent = "";
    this.tapped = false;
    for (const name of ["lon", "lat", "accuracy_m"]) if (this.form.elements[name]) this.form.elements[name].value = "";
    if (this.place) this.locate();
  }

  // -- photographs ---------------------------------------------------------------------------------------------------

  async take(input) {
    const group = input.closest("[data-shots]");
    const label = group.dataset.shots;
    const most = Number(this.form.dataset.most);
    const files = [...input.files];
    input.value = "";
    const left = most - this.shots.length;
    const problems = files.length > left ? [`最多 ${most} 张照片，多出的 ${files.length - left} 张没有收`] : [];
    for (const file of files.slice(0, Math.max(0, left))) {
      try {
        const shot = await shrink(file);
        if (this.shots.some((one) => one.sha256 === shot.sha256)) problems.push("同一张照片已经有了");
        else this.shots.push({ id: crypto.randomUUID(), label, sent: false, ...shot });
      } catch (problem) {
        problems.push(problem.message);
      }
    }
    group.querySelector("[data-problem]").textContent = [...new Set(problems)].join("；");
    this.draw();
    await this.keep();
  }

  draw() {
    for (const group of this.form.querySelectorAll("[data-shots]")) {
      const list = group.querySelector("[data-list]");
      for (const picture of list.querySelectorAll("img")) URL.revokeObjectURL(picture.src);
      const label = group.dataset.shots;
      const own = this.shots.filter((shot) => shot.label === label);
      list.replaceChildren(
        ...own.map((shot, index) => {
          const src = URL.createObjectURL(new Blob([shot.bytes], { type: shot.type }));
          const drop = () => {
            this.shots = this.shots.filter((one) => one !== shot);
            this.draw();
            this.keep();
          };
          return el(
            "li",
            {},
            el("img", { src, alt: `${label} ${index + 1}` }),
            el("button", { type: "button", "aria-label": `删去${label} ${index + 1}`, onclick: drop }, icon("x")),
          );
        }),
      );
      group.querySelector("[data-count]").textContent = `${own.length} / ${this.form.dataset.most} 张`;
    }
  }

  // -- a tree of choices: which branch holds the leaf that is chosen -------------------------------------------------

  tree(tree) {
    const chosen = tree.querySelector("input:checked");
    for (const branch of tree.querySelectorAll("details")) {
      const here = Boolean(chosen && branch.contains(chosen));
      branch.toggleAttribute("data-chosen", here);
      if (here) branch.open = true;
    }
    tree.querySelector("[data-chosen-words]").textContent = chosen ? chosen.closest("label").textContent.trim() : "";
  }

  // -- where: asked for when this form is opened, once, and never followed --------------------------------------------

  set(lon, lat, accuracy, words) {
    const boxes = this.form.elements;
    boxes.lon.value = lon;
    boxes.lat.value = lat;
    boxes.accuracy_m.value = accuracy;
    this.place.querySelector("[data-place-words]").textContent = words;
  }

  locate() {
    this.place.hidden = false;
    const boxes = this.form.elements;
    this.place.querySelector("[data-map-button]").onclick = () => this.map();
    if (boxes.lon.value) return this.set(boxes.lon.value, boxes.lat.value, boxes.accuracy_m.value, "已有位置");
    const none = (why) => this.set("", "", "", `${why}。请在地图上点一下，或在下面写明地点`);
    if (!navigator.geolocation) return none("这部手机不能定位");
    this.place.querySelector("[data-place-words]").textContent = "正在取现场位置";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        if (this.tapped) return;
        const metres = Math.round(coords.accuracy);
        this.near = [coords.longitude, coords.latitude];
        if (metres > NEAR) return none(`精度 ${metres} 米，不够准，没有采用`);
        this.set(coords.longitude.toFixed(6), coords.latitude.toFixed(6), metres, `已定位，精度 ${metres} 米`);
      },
      () => this.tapped || none("没有取到位置"),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 0 },
    );
  }

  async map() {
    const frame = this.place.querySelector("[data-map]");
    if (!frame.hidden) return;
    const { lon, lat } = this.form.elements;
    const chosen = lon.value ? [Number(lon.value), Number(lat.value)] : null;
    try {
      const { open } = await import("./spot.js");
      await open(frame, chosen, this.near, (there) => {
        this.tapped = true;
        this.set(there.lon, there.lat, "", there.grid ? `已在地图上选定：${there.grid}` : "已在地图上选定，这一点不在本镇的网格里，请核对");
        this.keep();
      });
    } catch {
      frame.hidden = true;
      this.place.querySelector("[data-place-words]").textContent = "地图没有打开，请在下面写明地点";
    }
  }

  // -- submitting ----------------------------------------------------------------------------------------------------

  async submit(event) {
    event.preventDefault();
    if (this.sending || !this.filled()) return;
    this.busy(true);
    const item = {
      id: crypto.randomUUID(),
      member,
      name: this.form.dataset.name,
      target: this.form.dataset.queue,
      fields: this.fields(),
      lines: this.lines(),
      captured: new Date().toISOString(),
      seen: this.form.elements.seen?.value,
      status: this.form.dataset.status,
      photos: this.shots,
      state: "waiting",
    };
    listen((news) => {
      if (news.arrived === item.id) item.number = news.number;
    });
    try {
      await put("items", item);
    } catch {
      this.busy(false);
      return this.errors({ "": ["手机存储已满，没有存下来，请清理手机后再提交"] });
    }
    await this.came(item, await sendNow());
  }

  async came(item, went) {
    const held = await get("items", item.id);
    if (held?.state === "stuck" && held.answer?.fields) {
      await remove("items", item.id); // what was typed still stands in the form
      this.busy(false);
      await show();
      return this.errors(held.answer.fields);
    }
    if (this.draft) await remove("drafts", this.draft);
    if (!held) {
      const { after } = this.form.dataset;
      return location.assign(after.includes("?") ? after : `${after}?done=${item.number ?? ""}`);
    }
    if (held.state !== "waiting") return location.assign(document.getElementById("phone-state").dataset.queue);
    wakeLater();
    this.busy(false);
    if (!this.draft) return this.told("已存在手机里，联网后自动上传");
    await this.clear();
    this.told(went === "signin" ? "已存在手机里，请重新登录，登录后自动上传" : "已存在手机里，联网后自动上传");
  }

  told(words) {
    const toast = document.getElementById("toast");
    toast.replaceChildren(el("div", { class: "toast" }, words));
    setTimeout(() => toast.replaceChildren(), 4000);
    window.scrollTo(0, 0);
  }

  busy(sending) {
    this.sending = sending;
    for (const button of document.querySelectorAll("button:not([type=button])")) {
      if (button.form === this.form) button.setAttribute("aria-disabled", String(sending));
    }
  }

  filled() {
    const missing = {};
    for (const box of this.form.elements) {
      if (!box.willValidate || box.validity.valid || missing[box.name]) continue;
      const verb = ["radio", "checkbox", "select-one"].includes(box.type) ? "请选择" : "请填写";
      missing[box.name] = [box.validity.valueMissing ? `${verb}${heading(box)}` : box.validationMessage];
    }
    this.errors(missing);
    return !Object.keys(missing).length;
  }

  errors(found) {
    for (const old of this.form.querySelectorAll("[data-said]")) old.remove();
    for (const old of this.form.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
    let first = null;
    for (const [name, words] of Object.entries(found)) {
      const named = this.form.elements[name];
      const box = named?.length !== undefined && !named.options ? named[0] : named;
      const said = el("p", { class: "err", "data-said": true, role: "alert" }, words.join("；"));
      const field = box?.type === "hidden" ? null : box?.closest(".field");
      if (field) {
        field.querySelector("label, legend").after(said);
        box.setAttribute("aria-invalid", "true");
        first ??= box;
      } else {
        this.form.prepend(said);
        said.tabIndex = -1;
        first ??= said;
      }
    }
    first?.closest("details")?.setAttribute("open", "");
    first?.focus();
  }

  // The form as a person reads it, for the list of what is unsent.
  lines() {
    return this.fields().flatMap(([name, value]) => {
      const found = this.form.elements[name];
      if (!found || found.type === "hidden") return [];
      const box = found.length !== undefined && !found.options ? [...found].find((one) => one.value === value) : found;
      if (!box) return [];
      const chosen = box.options ? box.selectedOptions[0]?.textContent : box.closest("label")?.textContent;
      return [[heading(box), (["radio", "checkbox", "select-one"].includes(box.type) && chosen?.trim()) || value]];
    });
  }
}

// What a box asks for: its legend or label without 必填.
function heading(box) {
  const field = box.closest(".field");
  const label = field?.querySelector("legend, label");
  return (label?.querySelector("span")?.previousSibling ?? label)?.textContent.trim().split("\n")[0].trim() || box.name;
}

if (live) for (const form of document.querySelectorAll("form[data-queue]")) new Form(form);
