// The form of an act has come into the page: the menu it was chosen from has done its work.

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "act") return;
  for (const menu of document.querySelectorAll(".actbar details.menu[open]")) menu.open = false;
});
