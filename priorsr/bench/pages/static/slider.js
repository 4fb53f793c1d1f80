// One face, two sides of it: the left one ends where the handle is.
"use strict";

class Slider {
  /** `mayFollow()` says whether the handle may follow the pointer over the picture. */
  constructor(box, mayFollow) {
    this.pane = box.querySelector(".pane");
    [this.under, this.over] = box.querySelectorAll("img");
    this.range = box.querySelector("input[type=range]");
    this.captions = box.querySelectorAll(".stage p span");
    this.labels = ["", ""];
    this.range.addEventListener("input", () => this.split());
    const follow = (event) => {
      if (!mayFollow() || event.buttons !== 1) return;
      const { left, width } = this.pane.getBoundingClientRect();
      this.range.value = (100 * (event.clientX - left)) / width;
      this.split();
    };
    this.pane.addEventListener("pointerdown", follow);
    this.pane.addEventListener("pointermove", follow);
    this.split();
  }

  split() {
    this.pane.style.setProperty("--split", this.range.value);
    const [left, right] = this.labels;
    const place = Math.round(this.range.value);
    this.range.setAttribute("aria-valuetext", `${left} left of ${place} %, ${right} right of it`);
  }

  /** Show a face as two sides have it, with the scores of those that are models. */
  show(table, score, face, left, right) {
    for (const [place, image, side] of [[0, this.over, left], [1, this.under, right]]) {
      setImage(image, table.url(side, face), table.alt(side, face));
      image.classList.toggle("lr", side === "lr");
      const value = document.createElement("b");
      if (table.has(side)) value.textContent = ` ${table.text(score, table.value(score, side, face))}`;
      this.captions[place].replaceChildren(table.label(side), value);
    }
    this.labels = [table.label(left), table.label(right)];
    this.split();
  }
}
