// Ticking rows: how many are ticked, all of the page at once. Without this file the bar stands there and works all the same.

const bar = document.querySelector("[data-bulk]");

if (bar) {
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name=case][form="${bar.id}"]`)];
  const all = bar.querySelector("[data-bulk-all]");
  const every = all.querySelector("input");
  const text = bar.querySelector("[data-bulk-text]");
  all.hidden = false;

  const count = () => {
    const many = boxes.filter((box) => box.checked).length;
    text.textContent = many ? `已选 ${many} 件：` : "勾选后批量办理：";
    every.checked = many > 0 && many === boxes.length;
    every.indeterminate = many > 0 && many < boxes.length;
    bar.toggleAttribute("data-some", many > 0);
    for (const box of boxes) box.closest("tr").toggleAttribute("data-ticked", box.checked);
  };

  every.addEventListener("change", () => {
    for (const box of boxes) box.checked = every.checked;
    count();
  });
  for (const box of boxes) box.addEventListener("change", count);
  addEventListener("pageshow", count);
  count();
}

const paper = document.querySelector("[data-print]");
if (paper) {
  paper.hidden = false;
  paper.addEventListener("click", () => print());
}
