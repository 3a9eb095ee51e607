// The tap on the map: the outlines of the town's grids, no tiles, nothing from outside. Loaded only when it is asked for.

export async function pick(box, { sheet, script, outlines }, start, chosen) {
  const [shapes] = await Promise.all([
    fetch(outlines, { credentials: "same-origin" }).then((answer) => answer.json()),
    loaded("link", { rel: "stylesheet", href: sheet }, "href"),
    loaded("script", { src: script }, "src"),
  ]);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  box.hidden = false;
  const map = L.map(box, { attributionControl: false, zoomSnap: 0.5 });
  map.zoomControl.setPosition("bottomright");
  const grids = L.geoJSON(shapes, {
    style: (shape) => ({
      color: colour(shape.properties.kind === "dedicated" ? "--sup" : "--brand"),
      weight: 1.5,
      fillOpacity: 0.08,
    }),
    onEachFeature: (shape, layer) => layer.bindTooltip(shape.properties.name, { sticky: true }),
  }).addTo(map);
  let mark = null;
  const put = (place) => {
    mark ??= L.circleMarker(place, { radius: 9, color: colour("--on-brand"), fillColor: colour("--bad"), fillOpacity: 1, weight: 3, interactive: false }).addTo(map);
    mark.setLatLng(place);
  };
  if (start) {
    map.setView(start, 16);
    put(start);
  } else if (shapes.features.length) {
    map.fitBounds(grids.getBounds(), { padding: [8, 8] });
  } else {
    map.setView([30, 122], 10);
  }
  map.on("click", ({ latlng }) => {
    put(latlng);
    chosen(latlng.lng, latlng.lat, nameAt(shapes, latlng.lng, latlng.lat));
  });
}

function loaded(tag, attributes, key) {
  if (document.querySelector(`${tag}[${key}="${attributes[key]}"]`)) return Promise.resolve();
  return new Promise((done, failed) => {
    const made = Object.assign(document.createElement(tag), attributes, { onload: done, onerror: failed });
    document.head.append(made);
  });
}

// The grid a point lies in, dedicated before rural, for the eye only: the server works it out itself.
function nameAt({ features }, lon, lat) {
  const found = features.filter(({ geometry }) => {
    const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    return parts.some((rings) => rings.filter((ring) => inside(ring, lon, lat)).length % 2 === 1);
  });
  return (found.find((one) => one.properties.kind === "dedicated") ?? found[0])?.properties.name ?? "";
}

function inside(ring, x, y) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}
