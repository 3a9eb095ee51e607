// A position is tapped on the map or typed as two numbers; each follows the other, and the grid it lies in is said.

import { openMap } from "../ui/map.js";

async function start(position) {
  if (position.dataset.started) return;
  position.dataset.started = "1";
  const [lon, lat] = ["lon", "lat"].map((name) => position.querySelector(`[name=${name}]`));
  const said = position.querySelector(".position-said");
  const clear = position.querySelector(".position-clear");
  const box = position.querySelector(".map");
  let map;
  try {
    map = await openMap(box);
  } catch {
    return (said.textContent = "地图没有取到，请写清地点，或填经纬度");
  }
  box.classList.add("open");

  function tell() {
    const there = lon.value.trim() && lat.value.trim();
    const [x, y] = [Number(lon.value), Number(lat.value)];
    clear.hidden = !there;
    if (!there || !Number.isFinite(x) || !Number.isFinite(y)) {
      said.textContent = "";
      return map.pick(null, null);
    }
    map.pick(x, y);
    const grid = map.gridAt(x, y);
    said.textContent = grid ? `在${grid}` : "这一点不在本镇的网格里，请核对";
  }

  box.addEventListener("map:pick", ({ detail }) => {
    lon.value = detail.lon;
    lat.value = detail.lat;
    tell();
  });
  for (const input of [lon, lat]) input.addEventListener("change", tell);
  clear.addEventListener("click", () => {
    lon.value = lat.value = "";
    tell();
  });
  tell();
}

// The map weighs more than all the rest of the page: it is fetched when somebody comes to it.
const seen = new IntersectionObserver((found) => {
  for (const { isIntersecting, target } of found) if (isIntersecting) start(target);
});

function startAll() {
  for (const position of document.querySelectorAll(".position")) seen.observe(position);
}

startAll();
document.addEventListener("htmx:afterSettle", startAll);
