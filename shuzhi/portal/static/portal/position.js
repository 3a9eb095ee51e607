// The position, once and when asked for. Without a script, or without permission, everything works by words and lists.

for (const box of document.querySelectorAll("[data-position]")) start(box);

function start(box) {
  if (!("geolocation" in navigator) || !window.isSecureContext) return;
  const form = box.closest("form");
  const button = box.querySelector("button");
  const says = box.querySelector("[role=status]");
  const none = says.dataset.none;
  const fields = box.dataset.fields.split(" ");
  const put = (values) => fields.forEach((name, at) => (form.elements[name].value = values?.[at] ?? ""));
  box.hidden = false;

  button.addEventListener("click", () => {
    if (button.dataset.held) {
      delete button.dataset.held;
      put(null);
      says.textContent = none;
      button.lastChild.textContent = "附上当前位置";
      return;
    }
    says.textContent = "正在定位";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        put([coords.longitude.toFixed(6), coords.latitude.toFixed(6), Math.round(coords.accuracy)]);
        if ("send" in box.dataset) return form.requestSubmit();
        button.dataset.held = "1";
        button.lastChild.textContent = "去掉位置";
        says.textContent = `已附上位置，误差约 ${Math.round(coords.accuracy)} 米`;
      },
      () => (says.textContent = "没有得到位置，请写明地点或按村（社区）查找"),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 },
    );
  });
}
