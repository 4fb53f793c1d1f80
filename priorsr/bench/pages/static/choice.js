// What is chosen on the page that compares faces. It stands in the address, so that it can be passed on.
"use strict";

class Choice {
  static MODELS_AT_FIRST = 4;
  static ORDERS = ["spread", "worst", "best", "id"];
  static VIEWS = ["side", "slider", "worst"];

  /** Take what the address says; what it does not say is empty until `fit`. */
  read() {
    const given = new URLSearchParams(location.hash.slice(1));
    const one = (name) => given.get(name) ?? "";
    this.table = one("table");
    this.score = one("score");
    this.order = Choice.ORDERS.includes(one("order")) ? one("order") : "spread";
    this.of = one("of"); // the model whose worst or best faces come first
    this.asked = one("models").split(",").filter(Boolean);
    this.view = Choice.VIEWS.includes(one("view")) ? one("view") : "side";
    this.face = one("face");
    this.left = one("left");
    this.right = one("right");
    this.error = one("error") === "yes";
    this.pixels = one("pixels") === "yes";
    this.zoom = one("zoom").split(",").map(Number); // how much, and the middle (x, y) of what is shown
    if (this.zoom.length !== 3 || !this.zoom.every(Number.isFinite)) this.zoom = [1, 0.5, 0.5];
    return this;
  }

  write() {
    const said = {
      table: this.table,
      score: this.score,
      order: this.order,
      of: this.of,
      models: this.models.join(","),
      view: this.view,
      face: this.face,
      left: this.left,
      right: this.right,
      error: this.error ? "yes" : "",
      pixels: this.pixels ? "yes" : "",
      zoom: this.zoom[0] > 1 ? this.zoom.map((part) => Number(part.toFixed(3))).join(",") : "",
    };
    history.replaceState(null, "", `#${new URLSearchParams(Object.entries(said).filter(([, value]) => value))}`);
  }

  /** Keep what a table has, and choose the rest: the baseline beside the best models. */
  fit(table) {
    if (!table.score(this.score)) this.score = table.scores[0].name;
    this.models = this.asked.filter((model) => table.has(model));
    if (!this.models.length) this.asked = this.models = Choice.modelsAtFirst(table);
    if (!table.has(this.of)) this.of = this.models.find((model) => !table.isBaseline(model)) ?? this.models[0];
    const known = (side) => ["lr", "hr"].includes(side) || table.has(side);
    if (!known(this.left)) this.left = this.models[0];
    if (!known(this.right)) this.right = this.models[1] ?? "hr";
  }

  /** Compare these models, in the table's order; they stay chosen in other tables. */
  compare(table, models) {
    this.asked = this.models = table.models.map((model) => model.key).filter((key) => models.has(key));
  }

  static modelsAtFirst(table) {
    const ranked = table.models.filter((model) => !model.beyondLr);
    const first = ranked.length ? ranked : table.models;
    const others = first.filter((model) => !model.baseline).slice(0, Choice.MODELS_AT_FIRST - 1);
    return [...first.filter((model) => model.baseline), ...others].map((model) => model.key);
  }
}
