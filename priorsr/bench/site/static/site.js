// Shows one table of scores at a time, sorts it, and enlarges faces. Without it the page shows everything, unsorted.
"use strict";

const sections = [...document.querySelectorAll("main > section")];

/** Show the section that the address names, or the first, and open the record that it names. */
function showSection() {
  const target = document.getElementById(location.hash.slice(1));
  const shown = target?.closest("section") ?? sections[0];
  for (const section of sections) section.hidden = section !== shown;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${shown.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
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

addEventListener("popstate", showSection);
addEventListener("click", (event) => {
  const button = event.target.closest("th button");
  if (button) sortBy(button);
  const link = event.target.closest("nav a");
  if (link) {
    event.preventDefault(); // stay at the top, with the choice in view
    history.pushState(null, "", link.hash);
    showSection();
  }
});
addEventListener("change", (event) => {
  if (!event.target.matches(".enlarge")) return;
  event.target.closest("section").classList.toggle("enlarged", event.target.checked);
});
showSection();
