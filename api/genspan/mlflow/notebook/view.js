// One listener for all traces of a page, however many there are and whenever they come.
(() => {
  const installed = "__genspanTraces1";
  const live = () => document.querySelectorAll(".genspan-traces").forEach((view) => view.classList.add("gs-live"));
  live();
  if (window[installed]) return;
  window[installed] = true;

  const rowAt = (event) => event.composedPath()[0]?.closest?.(".genspan-traces .gs-row");
  const itemOf = (row) => row.closest("li");
  const isBeside = (row) => getComputedStyle(row.parentElement.querySelector(".gs-pane")).position === "absolute";
  const hasBelow = (row) => itemOf(row).querySelector(":scope > ul") !== null;
  const fold = (row, folded) => {
    itemOf(row).classList.toggle("gs-folded", folded);
    row.setAttribute("aria-description", folded ? "spans below are folded" : "");
  };
  const isFolded = (row) => itemOf(row).classList.contains("gs-folded");

  document.addEventListener("click", (event) => {
    const row = rowAt(event);
    if (!row) return;
    if (event.composedPath()[0].closest(".gs-twist")) {
      event.preventDefault();
      fold(row, !isFolded(row));
    } else if (row.parentElement.open && isBeside(row)) {
      event.preventDefault();
    }
  }, true);

  // At the window: before Jupyter's shortcuts, which listen at the document.
  window.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const isSummary = event.composedPath()[0]?.closest?.(".genspan-traces summary");
    if (isSummary && ["Enter", " "].includes(event.key)) event.stopPropagation();
    const row = rowAt(event);
    if (!row) return;
    const rows = [...row.closest(".gs-tree").querySelectorAll(".gs-row")].filter((each) => each.offsetParent !== null);
    const at = rows.indexOf(row);
    const go = (to) => {
      if (!to) return;
      to.focus();
      if (isBeside(to)) to.parentElement.open = true;
    };
    const moves = {
      ArrowDown: () => go(rows[at + 1]),
      ArrowUp: () => go(rows[at - 1]),
      Home: () => go(rows[0]),
      End: () => go(rows[rows.length - 1]),
      ArrowRight: () => (isFolded(row) ? fold(row, false) : hasBelow(row) && go(rows[at + 1])),
      ArrowLeft: () =>
        hasBelow(row) && !isFolded(row)
          ? fold(row, true)
          : go(itemOf(row).parentElement.closest("li")?.querySelector(".gs-row")),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    moves[event.key]();
  }, true);
})();
