// The tap on the map. Fetched, with the map and its style sheet, only when it is asked for.

import { openMap } from "../../ui/map.js";

// chosen: the position the form has, near: where it is known to be about; [lon, lat] or nothing.
export async function open(frame, chosen, near, picked) {
  const box = frame.firstElementChild;
  await styled(box.dataset.sheet);
  frame.hidden = false;
  const map = await openMap(box);
  if (chosen) map.pick(...chosen);
  if (chosen ?? near) map.look(...(chosen ?? near));
  box.addEventListener("map:pick", ({ detail }) => picked(detail));
}

function styled(href) {
  return new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: done, onerror: failed }));
  });
}
