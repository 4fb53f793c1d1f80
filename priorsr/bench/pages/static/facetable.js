// What there is to know of a table whose faces are compared: its models, its faces, and every face's scores.
"use strict";

/** Tables by their anchor; the scripts in data/ hand theirs over by `faces.table(...)`. */
const faces = {
  tables: new Map(),
  table(anchor, content) {
    faces.tables.set(anchor, new FaceTable(content));
  },
};

/** A face is its place in `faces`, a model its key, a score its name; a side is "lr", "hr" or a model. */
class FaceTable {
  constructor({ lr, hr, faces, withoutLr, withoutHr, scores, models, values }) {
    this.faces = faces;
    this.scores = scores;
    this.models = models;
    this.byKey = new Map(models.map((model, place) => [model.key, { ...model, place }]));
    this.folders = new Map([["lr", lr], ["hr", hr], ...models.map((model) => [model.key, model.folder])]);
    this.without = new Map([["lr", new Set(withoutLr)], ["hr", new Set(withoutHr)]]);
    const number = (value) => (value === null ? NaN : Number(value)); // infinity comes as a word
    this.values = new Map(Object.entries(values).map(([name, rows]) => [name, rows.map((row) => row.map(number))]));
  }

  has(model) {
    return this.byKey.has(model);
  }

  isBaseline(model) {
    return this.byKey.get(model).baseline;
  }

  score(name) {
    return this.scores.find((score) => score.name === name);
  }

  value(score, model, face) {
    return this.values.get(score)[this.byKey.get(model).place][face];
  }

  /** A value as people read it. */
  text(score, value) {
    if (Number.isNaN(value)) return "–";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    return value.toFixed(this.score(score).digits).replace("-", "−");
  }

  /** The URL of a face's image on a side; null where it was not kept. */
  url(side, face) {
    if (this.without.get(side)?.has(face)) return null;
    return `${this.folders.get(side)}/${encodeURIComponent(this.faces[face])}.png`;
  }

  label(side) {
    const model = this.byKey.get(side);
    return model ? `${model.label}${model.beyondLr ? " †" : ""}` : side.toUpperCase();
  }

  alt(side, face) {
    return `${this.faces[face]}, ${this.label(side)}`;
  }

  /** The best value of a face, of several models that saw nothing but LR; null where there is nothing to choose from. */
  best(score, models, face) {
    const fair = models.filter((model) => !this.byKey.get(model).beyondLr);
    const values = fair.map((model) => this.value(score, model, face)).filter((value) => !Number.isNaN(value));
    if (values.length < 2) return null;
    return this.score(score).higherIsBetter ? Math.max(...values) : Math.min(...values);
  }

  /** The standard deviation of the models' scores of a face; infinite ones are left out. */
  spread(score, models, face) {
    const values = models.map((model) => this.value(score, model, face)).filter(Number.isFinite);
    if (values.length < 2) return 0;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  }

  /** All faces, those first on which the models disagree most. */
  byDisagreement(score, models) {
    return this.sorted((face) => this.spread(score, models, face));
  }

  /** All faces, the worst of a model first, or the best. */
  byScore(score, model, best) {
    const sign = this.score(score).higherIsBetter === best ? 1 : -1;
    return this.sorted((face) => sign * this.value(score, model, face));
  }

  /** All faces, those with the largest `measure` first; those without one last. */
  sorted(measure) {
    const measured = this.faces.map((_, face) => [face, measure(face)]);
    measured.sort(([a, x], [b, y]) => Number.isNaN(x) - Number.isNaN(y) || (x === y ? a - b : y > x ? 1 : -1));
    return measured.map(([face]) => face);
  }
}
