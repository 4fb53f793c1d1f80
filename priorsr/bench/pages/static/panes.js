// One face, side by side: LR, the chosen models, HR.
"use strict";

/** Show an image, or say that it was not kept where `url` is null. */
function setImage(image, url, alt) {
  image.hidden = url === null;
  image.alt = url === null ? `${alt}: not kept` : alt;
  if (url === null) image.removeAttribute("src");
  else if (image.getAttribute("src") !== url) image.src = url;
}

class Panes {
  constructor(box) {
    this.box = box;
    this.panes = [];
  }

  /** A pane each for LR, these models, and HR. */
  build(table, models) {
    this.panes = ["lr", ...models, "hr"].map((side) => {
      const pane = document.createElement("figure");
      pane.className = side === "lr" ? "lr" : "";
      pane.innerHTML =
        '<div class="pane"><img alt="" draggable="false"><img class="truth" alt="" draggable="false"></div>' +
        "<figcaption><span></span> <b></b></figcaption>";
      const [image, truth] = pane.querySelectorAll("img");
      pane.querySelector("span").textContent = table.label(side);
      return { side, pane, image, truth, value: pane.querySelector("b") };
    });
    this.box.replaceChildren(...this.panes.map(({ pane }) => pane));
  }

  /** Show a face with its scores; with `error`, the distance to HR instead of the images. */
  show(table, score, face, error) {
    const best = table.best(score, this.panes.map(({ side }) => side).filter((side) => table.has(side)), face);
    const truthUrl = error ? table.url("hr", face) : null;
    for (const { side, pane, image, truth, value } of this.panes) {
      const url = table.url(side, face);
      const compared = truthUrl !== null && side !== "hr";
      setImage(image, url, table.alt(side, face));
      setImage(truth, compared ? truthUrl : null, "");
      pane.classList.toggle("error", compared);
      pane.classList.toggle("absent", url === null);
      if (!table.has(side)) continue;
      const found = table.value(score, side, face);
      const isBest = found === best && !table.byKey.get(side).beyondLr;
      value.textContent = table.text(score, found);
      value.classList.toggle("best", isBest);
      value.title = isBest ? "best of those shown" : "";
    }
  }

  /** Fetch a face's images, so that it can be shown at once. */
  fetch(table, face) {
    for (const { side } of this.panes) {
      const url = table.url(side, face);
      if (url) new Image().src = url;
    }
  }
}
