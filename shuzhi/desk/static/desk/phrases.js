// A standard text goes where the cursor stands in the box for words; what was typed stays.

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-phrase]");
  const box = link?.closest(".act-card")?.querySelector("[name=text]");
  if (!box) return;
  event.preventDefault();
  box.setRangeText(link.dataset.phrase, box.selectionStart, box.selectionEnd, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  link.closest("details").open = false;
  box.focus();
});
