// The worst faces of a model, each beside HR, some at a time.
"use strict";

class Gallery {
  static AT_ONCE = 24;

  /** `chosen(face)` is told of the face, by its place in the table, whose pair was pressed. */
  constructor(box, chosen) {
    this.pairs = box.querySelector(".pairs");
    this.more = box.querySelector(".more");
    this.places = [];
    this.pairs.addEventListener("click", (event) => {
      const pair = event.target.closest(".pair");
      if (pair) chosen(Number(pair.dataset.place));
    });
    this.more.addEventListener("click", () => this.grow());
  }

  /** Show the worst faces of a model; as many as before, if they are the same. */
  show(table, score, model) {
    if (this.table === table && this.score === score && this.model === model) return;
    Object.assign(this, { table, score, model, places: table.byScore(score, model, false) });
    this.pairs.replaceChildren();
    this.grow();
  }

  /** Show some more. */
  grow() {
    const shown = this.pairs.children.length;
    const next = this.places.slice(shown, shown + Gallery.AT_ONCE);
    this.pairs.append(...next.map((face) => this.pair(face)));
    this.more.hidden = shown + next.length >= this.places.length;
  }

  pair(face) {
    const { table, score, model } = this;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pair";
    button.dataset.place = face;
    button.dataset.face = table.faces[face];
    for (const side of [model, "hr"]) {
      const image = new Image(128, 128);
      image.loading = "lazy";
      image.decoding = "async";
      setImage(image, table.url(side, face), table.alt(side, face));
      button.append(image);
    }
    const caption = document.createElement("small");
    caption.textContent = `${table.faces[face]} ${table.text(score, table.value(score, model, face))}`;
    button.append(caption);
    return button;
  }
}
