// A map of grids and events, drawn from GeoJSON without asking anything outside. Its interface is described in docs/ui.md.
// Leaflet itself is fetched only when a map is opened.

const NEAR = 500; // metres around what is selected
const CLOSE = 30; // pixels within which marks become one
const WORST = ["ok", "soon", "over"];

export async function openMap(box) {
  const [data] = await Promise.all([outlines(box.dataset.grids), import("../vendor/leaflet/leaflet.js")]);
  const L = window.L;
  const picks = "pick" in box.dataset;
  // One to pick on stands among fields: it must not take the wheel from the page, nor scroll itself into sight under the finger.
  const within = { keyboard: !picks, scrollWheelZoom: !picks };
  const map = L.map(box, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 19, ...within });
  L.control.zoom({ position: "topright", zoomInTitle: "放大", zoomOutTitle: "缩小" }).addTo(map);
  for (const address of (box.dataset.tiles || "").split(" ").filter(Boolean)) L.tileLayer(address, { maxZoom: 18 }).addTo(map);
  const grids = draw(L, map, data);
  let touched = false; // until then the whole town is kept in sight
  for (const kind of ["pointerdown", "wheel", "keydown"]) box.addEventListener(kind, () => (touched = true), { passive: true });
  const marks = L.layerGroup().addTo(map);
  const near = L.circle([0, 0], { radius: NEAR, className: "map-near", interactive: false });
  const pin = L.marker([0, 0], { icon: L.divIcon({ className: "mark pin", iconSize: null }), keyboard: false });
  let points = [];
  let chosen = null;

  function redraw() {
    marks.clearLayers();
    for (const group of gather(map, points)) {
      const state = WORST[Math.max(...group.map((point) => WORST.indexOf(point.state)))];
      const holds = group.some((point) => point.id === chosen);
      const icon = L.divIcon({ className: "mark" + (holds ? " chosen" : ""), iconSize: null, html: `<span>${group.length}</span>` });
      const title = group.length > 1 ? `${group.length} 件` : group[0].title;
      const mark = L.marker([group[0].lat, group[0].lon], { icon, title, keyboard: false, zIndexOffset: holds ? 1000 : 0 });
      mark.on("click", () => open(group));
      mark.addTo(marks).getElement().dataset.s = state;
    }
  }

  function open(group) {
    const bounds = L.latLngBounds(group.map((point) => [point.lat, point.lon]));
    const apart = bounds.getNorthEast().distanceTo(bounds.getSouthWest()) > 20;
    if (apart && map.getZoom() < 17) return map.fitBounds(bounds.pad(0.3), { maxZoom: 18 });
    const at = group.findIndex((point) => point.id === chosen);
    const next = group[(at + 1) % group.length]; // several on one spot: one after another
    select(next.id);
    box.dispatchEvent(new CustomEvent("map:select", { detail: { id: next.id } }));
  }

  function select(id) {
    chosen = id;
    const point = points.find((one) => one.id === id);
    near.remove();
    if (point) {
      near.setLatLng([point.lat, point.lon]).addTo(map);
      if (!map.getBounds().pad(-0.15).contains([point.lat, point.lon])) map.panTo([point.lat, point.lon]);
    }
    redraw();
    return Boolean(point);
  }

  function pick(lon, lat) {
    if (lon === null) return pin.remove();
    pin.setLatLng([lat, lon]).addTo(map);
    if (!map.getBounds().contains([lat, lon])) map.panTo([lat, lon]);
    return pin;
  }

  function look(lon, lat) {
    touched = true;
    map.setView([lat, lon], box.dataset.tiles ? 16 : 14); // without a ground the lines of the grids around tell where it is
  }

  map.on("zoomend", redraw);
  if (picks)
    map.on("click", ({ latlng }) => {
      const [lon, lat] = [latlng.lng, latlng.lat].map((degrees) => Number(degrees.toFixed(6)));
      pick(lon, lat);
      box.dispatchEvent(new CustomEvent("map:pick", { detail: { lon, lat, grid: grids.at(lon, lat) } }));
    });
  new ResizeObserver(() => {
    map.invalidateSize({ pan: false });
    if (!touched) grids.fit();
  }).observe(box);
  return {
    show(shown) {
      points = shown;
      select(chosen);
    },
    select,
    pick,
    look,
    gridAt: grids.at,
  };
}

// Before anything is drawn: where they cannot be fetched, the map can be opened again.
async function outlines(address) {
  const answer = address ? await fetch(address) : null;
  return answer?.ok ? answer.json() : { type: "FeatureCollection", features: [] };
}

function draw(L, map, data) {
  const drawn = L.geoJSON(data, {
    interactive: false,
    style: (grid) => ({ className: `map-grid ${grid.properties.kind}` }),
  }).addTo(map);
  const bounds = drawn.getBounds();
  const fit = () => (bounds.isValid() ? map.fitBounds(bounds, { padding: [12, 12], animate: false }) : map.setView([35, 105], 4));
  fit();
  const villages = new Map();
  drawn.eachLayer((layer) => {
    const { kind, name, village } = layer.feature.properties;
    if (kind === "dedicated") return mark(L, map, layer.getBounds().getCenter(), "mark dedicated", name);
    const known = villages.get(village);
    villages.set(village, known ? known.extend(layer.getBounds()) : L.latLngBounds(layer.getBounds()));
  });
  for (const [village, extent] of villages) if (village) mark(L, map, extent.getCenter(), "map-name", "", village);
  const faces = data.features.slice().reverse(); // the dedicated ones lie on top
  return { fit, at: (lon, lat) => faces.find((grid) => holds(grid.geometry, lon, lat))?.properties.name ?? "" };
}

function mark(L, map, at, className, title, words = "") {
  const text = document.createElement("span");
  text.textContent = words;
  L.marker(at, { icon: L.divIcon({ className, iconSize: null, html: text }), title, interactive: Boolean(title), keyboard: false, zIndexOffset: -1000 })
    .addTo(map)
    .getElement().dataset.s = className.split(" ")[1] ?? "";
}

// Points that would cover one another at this zoom, together; the order, most urgent first, is kept.
function gather(map, points) {
  const groups = [];
  for (const point of points) {
    const at = map.latLngToLayerPoint([point.lat, point.lon]);
    const group = groups.find((one) => one.at.distanceTo(at) < CLOSE);
    if (group) group.points.push(point);
    else groups.push({ at, points: [point] });
  }
  return groups.map((group) => group.points);
}

function holds({ type, coordinates }, lon, lat) {
  const polygons = type === "Polygon" ? [coordinates] : coordinates;
  return polygons.some(([outer, ...holes]) => inside(outer, lon, lat) && !holes.some((hole) => inside(hole, lon, lat)));
}

function inside(ring, lon, lat) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [x, y] = ring[i];
    const [u, v] = ring[j];
    if (y > lat !== v > lat && lon < ((u - x) * (lat - y)) / (v - y) + x) odd = !odd;
  }
  return odd;
}
