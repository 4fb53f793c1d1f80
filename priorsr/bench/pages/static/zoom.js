// One zoom for all images of a group: the group holds it in three custom properties, which its images follow.
"use strict";

/** Zoom and pan for the images in `.pane`s under any of the groups; `changed(zoom, x, y)` is told. */
class Zoom {
  static MOST = 16;

  constructor(groups, changed) {
    this.groups = groups;
    this.changed = changed;
    this.pointers = new Map();
    for (const group of groups) this.listen(group);
    this.reset();
  }

  reset() {
    this.set(1, 0.5, 0.5);
  }

  /** Zoom by a factor; the point of the image at (u, v) of the pane, in parts of its size, stays where it is. */
  by(factor, u = 0.5, v = 0.5) {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), Zoom.MOST);
    const shift = 1 / this.zoom - 1 / zoom;
    this.set(zoom, this.x + (u - 0.5) * shift, this.y + (v - 0.5) * shift);
  }

  /** Move by parts of a pane. */
  move(right, down) {
    this.set(this.zoom, this.x + right / this.zoom, this.y + down / this.zoom);
  }

  /** Show the image around (x, y), in parts of its size, without leaving it. */
  set(zoom, x, y) {
    const inside = (place) => Math.min(Math.max(place, 0.5 / zoom), 1 - 0.5 / zoom);
    [this.zoom, this.x, this.y] = [zoom, inside(x), inside(y)];
    for (const group of this.groups) {
      group.style.setProperty("--zoom", zoom);
      group.style.setProperty("--x", this.x);
      group.style.setProperty("--y", this.y);
      group.classList.toggle("zoomed", zoom > 1);
    }
    this.changed(zoom, this.x, this.y);
  }

  /** A key's meaning, as long as the focus is not in something that uses it itself; true if there was one. */
  key(key) {
    const steps = {
      "+": () => this.by(1.5),
      "=": () => this.by(1.5),
      "-": () => this.by(1 / 1.5),
      0: () => this.reset(),
      ArrowLeft: () => this.move(-0.1, 0),
      ArrowRight: () => this.move(0.1, 0),
      ArrowUp: () => this.move(0, -0.1),
      ArrowDown: () => this.move(0, 0.1),
    };
    const arrow = key.startsWith("Arrow");
    if (!steps[key] || (arrow && this.zoom === 1)) return false;
    steps[key]();
    return true;
  }

  listen(group) {
    const within = (pane, event) => {
      const box = pane.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    group.addEventListener(
      "wheel",
      (event) => {
        const pane = event.target.closest(".pane");
        if (!pane || !event.ctrlKey) return; // the plain wheel scrolls the page
        event.preventDefault();
        this.by(Math.exp(-event.deltaY / 200), ...within(pane, event));
      },
      { passive: false },
    );
    group.addEventListener("dblclick", (event) => {
      const pane = event.target.closest(".pane");
      if (pane) this.by(this.zoom < Zoom.MOST ? 2 : 0, ...within(pane, event));
    });
    group.addEventListener("pointerdown", (event) => {
      const pane = event.target.closest(".pane");
      if (!pane || event.button) return;
      this.pointers.set(event.pointerId, { pane, x: event.clientX, y: event.clientY });
      if (this.zoom > 1) pane.setPointerCapture(event.pointerId);
    });
    group.addEventListener("pointermove", (event) => {
      const last = this.pointers.get(event.pointerId);
      if (!last) return;
      const width = last.pane.getBoundingClientRect().width;
      if (this.pointers.size === 2) {
        const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
        const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) || 1;
        const now = { x: event.clientX, y: event.clientY };
        const [u, v] = within(last.pane, { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 });
        this.by(distance(now, other) / distance(last, other), u, v);
      } else if (this.zoom > 1) {
        this.move((last.x - event.clientX) / width, (last.y - event.clientY) / width);
      }
      Object.assign(last, { x: event.clientX, y: event.clientY });
    });
    const up = (event) => this.pointers.delete(event.pointerId);
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) group.addEventListener(kind, up);
    group.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") up(event);
    });
  }
}
