// A row of faces to choose from, of which only those in view are in the document.
"use strict";

class Filmstrip {
  static WIDTH = 76; // of a frame with its gap, as in site.css

  /** `frame(place)` gives {name, note, url, alt} of the frame at a place; `chosen(place)` is told of a choice. */
  constructor(box, frame, chosen) {
    this.box = box;
    this.film = box.querySelector(".film");
    this.frame = frame;
    this.chosen = chosen;
    this.count = 0;
    this.place = 0;
    this.frames = new Map();
    box.addEventListener("scroll", () => this.later(), { passive: true });
    addEventListener("resize", () => this.later());
    box.addEventListener("click", (event) => {
      const frameAt = event.target.closest("[role=option]");
      if (frameAt) this.choose(Number(frameAt.dataset.place));
    });
    box.addEventListener("keydown", (event) => this.key(event));
  }

  /** Show `count` frames anew, and the one at `place` as the chosen one. */
  show(count, place) {
    this.count = count;
    this.place = place;
    this.film.style.width = `${count * Filmstrip.WIDTH}px`;
    this.film.replaceChildren();
    this.frames.clear();
    this.intoView();
    this.draw();
  }

  choose(place) {
    const next = Math.min(Math.max(place, 0), this.count - 1);
    if (next === this.place) return;
    this.place = next;
    this.intoView();
    this.draw();
    this.chosen(next);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientWidth / Filmstrip.WIDTH) - 1);
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -page, PageDown: page, Home: -this.count, End: this.count };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.choose(this.place + steps[event.key]);
  }

  intoView() {
    const left = this.place * Filmstrip.WIDTH;
    const { scrollLeft, clientWidth } = this.box;
    if (left < scrollLeft) this.box.scrollLeft = left;
    else if (left + Filmstrip.WIDTH > scrollLeft + clientWidth) this.box.scrollLeft = left + Filmstrip.WIDTH - clientWidth;
  }

  later() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      this.draw();
    });
  }

  /** Put the frames in view, and some beside them, into the document, and take the others out. */
  draw() {
    const { scrollLeft, clientWidth } = this.box;
    const first = Math.max(0, Math.floor(scrollLeft / Filmstrip.WIDTH) - 4);
    const last = Math.min(this.count, Math.ceil((scrollLeft + clientWidth) / Filmstrip.WIDTH) + 4);
    for (const [place, frame] of this.frames) {
      if ((place < first || place >= last) && place !== this.place) {
        frame.remove();
        this.frames.delete(place);
      }
    }
    for (let place = first; place < last; place++) this.make(place);
    if (this.count) this.make(this.place); // what has the focus is always there
    for (const [place, frame] of this.frames) frame.setAttribute("aria-selected", place === this.place);
    this.box.setAttribute("aria-activedescendant", `face-${this.place}`);
  }

  make(place) {
    if (this.frames.has(place)) return;
    const { name, note, url, alt } = this.frame(place);
    const frame = document.createElement("div");
    frame.id = `face-${place}`;
    frame.className = "frame";
    frame.dataset.place = place;
    frame.style.left = `${place * Filmstrip.WIDTH}px`;
    frame.title = name;
    frame.setAttribute("role", "option");
    frame.setAttribute("aria-label", note ? `${name}, ${note}` : name);
    frame.setAttribute("aria-setsize", this.count);
    frame.setAttribute("aria-posinset", place + 1);
    if (url) {
      const image = new Image(64, 64);
      image.decoding = "async";
      image.alt = alt;
      image.src = url;
      frame.append(image);
    }
    const label = document.createElement("small");
    label.textContent = note;
    frame.append(label);
    this.frames.set(place, frame);
    this.film.append(frame);
  }
}
