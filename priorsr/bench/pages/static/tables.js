// Shows one table of scores at a time, lets ranks be seen to move between protocols, sorts, and filters.
// Without it the page shows every table, best first.
"use strict";

{
  const boards = [...document.querySelectorAll(".board")];
  const status = document.querySelector("[role=status]");
  const form = document.querySelector(".filter");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let shown = null;

  /** The rows that are ranked in a board's table, in their order by rank. */
  function rankedRows(board) {
    const rows = [...board.querySelectorAll("table.ranked tbody tr")];
    return rows.sort((a, b) => a.cells[0].dataset.sort - b.cells[0].dataset.sort);
  }

  /** Show the board that the address names, or the first. */
  function showBoard() {
    const board = document.getElementById(location.hash.slice(1))?.closest(".board") ?? boards[0];
    if (board === shown) return;
    const before = shown;
    const comparable = before !== null && before.dataset.data === board.dataset.data;
    const tops = comparable ? rowTops(before) : new Map();
    for (const other of boards) other.hidden = other !== board;
    for (const link of document.querySelectorAll(".choice a")) {
      if (link.hash === `#${board.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    shown = board;
    filter();
    tellMoves(comparable ? before : null, board);
    glide(board, tops);
    if (before) status.textContent = `${board.dataset.protocol} is shown`;
  }

  /** Where each model's row is on the screen. */
  function rowTops(board) {
    return new Map(
      [...board.querySelectorAll("table.ranked tbody tr:not([hidden])")].map((row) => [
        row.dataset.key,
        row.getBoundingClientRect().top,
      ]),
    );
  }

  /** Say in each row how many places it moved, among the rows of both, since the board that was shown before. */
  function tellMoves(before, board) {
    for (const note of document.querySelectorAll(".move")) note.remove();
    if (!before) return;
    const [then, now] = [rankedRows(before), rankedRows(board)].map((rows) => rows.map((row) => row.dataset.key));
    const places = new Map(then.filter((key) => now.includes(key)).map((key, place) => [key, place]));
    const common = rankedRows(board).filter((row) => places.has(row.dataset.key));
    for (const [place, row] of common.entries()) {
      const moved = places.get(row.dataset.key) - place;
      if (!moved) continue;
      const note = document.createElement("small");
      note.className = `move ${moved > 0 ? "better" : "worse"}`;
      note.textContent = `${moved > 0 ? "▲" : "▼"} ${Math.abs(moved)}`;
      note.title = `${Math.abs(moved)} ${moved > 0 ? "up" : "down"} from ${before.dataset.protocol}`;
      const said = document.createElement("span");
      said.className = "unseen";
      said.textContent = ` places ${moved > 0 ? "up" : "down"} from ${before.dataset.protocol}`;
      note.append(said);
      row.cells[0].append(note);
    }
  }

  /** Let the rows glide from where they were to where they are. */
  function glide(board, tops) {
    if (still.matches) return;
    const now = rowTops(board); // all are measured before any moves
    for (const row of board.querySelectorAll("table.ranked tbody tr:not([hidden])")) {
      const [from, to] = [tops.get(row.dataset.key), now.get(row.dataset.key)];
      if (from === undefined || from === to) continue;
      row.animate([{ transform: `translateY(${from - to}px)` }, { transform: "none" }], {
        duration: 450,
        easing: "cubic-bezier(0.2, 0.8, 0.2, 1)",
      });
    }
  }

  /** Sort a table's rows by the column of a heading's button; a second press turns the order round. */
  function sortBy(button) {
    const heading = button.closest("th");
    const table = heading.closest("table");
    const turned = { ascending: "descending", descending: "ascending" };
    const order = turned[heading.getAttribute("aria-sort")] ?? button.dataset.first;
    const column = heading.cellIndex;
    const sign = order === "ascending" ? 1 : -1;

    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(a.cells[column].dataset.sort, b.cells[column].dataset.sort, sign));
    table.tBodies[0].append(...rows);
    if (status) status.textContent = `sorted by ${button.textContent}, ${order}`;
  }

  /** Compare two cells, as numbers where both are; a missing one comes last in either order. */
  function compare(a, b, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    const [x, y] = [toNumber(a), toNumber(b)];
    const numeric = !Number.isNaN(x) && !Number.isNaN(y);
    return sign * (numeric ? (x > y) - (x < y) : a.localeCompare(b));
  }

  function toNumber(text) {
    return Number({ inf: "Infinity", "-inf": "-Infinity" }[text] ?? text);
  }

  /** Hide the rows, and the points of the plots, that do not fit the form; the baseline always stays. */
  function filter() {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const prior = form.elements.prior.value;
    const tier = Number(form.elements.tier.value);
    const fits = (row) =>
      words.every((word) => row.dataset.words.includes(word)) &&
      (!prior || row.dataset.prior === prior) &&
      Number(row.dataset.tier) >= tier;
    for (const board of boards) {
      const kept = new Set();
      const rows = [...board.querySelectorAll("tr[data-key]")];
      for (const row of rows) {
        row.hidden = !fits(row) && !row.classList.contains("baseline");
        if (!row.hidden) kept.add(row.dataset.key);
      }
      for (const mark of board.querySelectorAll(".plot [data-key]")) {
        mark.classList.toggle("out", !kept.has(mark.dataset.key));
      }
      if (board === shown) {
        const asked = words.length || prior || tier;
        form.querySelector("output").textContent = asked ? `${kept.size} of ${rows.length} shown` : "";
      }
    }
  }

  addEventListener("click", (event) => {
    const button = event.target.closest("th button");
    if (button) sortBy(button);
    const link = event.target.closest(".choice a");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault(); // stay where the table is in view
      history.pushState(null, "", link.hash);
      showBoard();
    }
  });
  addEventListener("keydown", (event) => {
    const link = event.target.closest?.(".choice a");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!link || !step) return;
    const links = [...document.querySelectorAll(".choice a")];
    const next = links[links.indexOf(link) + step];
    next?.focus();
    next?.click();
  });
  if (form) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("popstate", showBoard);
    showBoard();
  }
}
