// The page that compares faces: its controls, and what follows from each. See facetable.js, choice.js and the views.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const find = (selector) => document.querySelector(selector);
  const named = (name) => find(`[name=${name}]`);
  const boxes = { side: find(".view.side"), slider: find(".view.slider"), worst: find(".view.worst") };
  const modelList = find(".models ul");
  const choice = new Choice();
  let table = null;
  let order = []; // places of faces, as the strip shows them

  const zoom = new Zoom([boxes.side, boxes.slider], (by, x, y) => {
    find(".zoom output").textContent = `${Math.round(by * 100)} %`;
    choice.zoom = [by, x, y];
    later();
  });
  const strip = new Filmstrip(find(".filmstrip"), frameOf, (place) => {
    choice.face = table.faces[order[place]];
    showFace();
  });
  const panes = new Panes(boxes.side);
  const slider = new Slider(boxes.slider, () => zoom.zoom === 1);
  const gallery = new Gallery(boxes.worst, compareFace);

  const faceAt = () => table.faces.indexOf(choice.face);

  /** Write the address once nothing has moved for a while: browsers refuse many changes a second. */
  function later() {
    clearTimeout(later.waiting);
    later.waiting = setTimeout(() => table && choice.write(), 250);
  }

  // From the table down to the face: each step keeps what was chosen where it can

  /** Load a table's script, once, and show the table. */
  function openTable(anchor) {
    const select = named("table");
    const option = [...select.options].find((one) => one.value === anchor) ?? select.options[0];
    choice.table = select.value = option.value;
    if (faces.tables.has(option.value)) return showTable();
    const script = document.createElement("script");
    script.src = option.dataset.script;
    script.addEventListener("load", () => {
      if (choice.table === option.value) showTable();
    });
    script.addEventListener("error", () => {
      find(".failed").textContent = `${option.dataset.script} could not be loaded: this site is not whole.`;
      find(".failed").hidden = false;
    });
    document.head.append(script);
  }

  function showTable() {
    table = faces.tables.get(choice.table);
    choice.fit(table);
    const models = table.models.map((model) => [model.key, table.label(model.key)]);
    const sides = [["lr", "LR"], ...models, ["hr", "HR"]];
    const scores = table.scores.map((one) => [one.name, one.unit ? `${one.label} / ${one.unit}` : one.label]);
    fillSelect("score", scores, choice.score);
    fillSelect("of", models, choice.of);
    fillSelect("worst", models, choice.of);
    fillSelect("left", sides, choice.left);
    fillSelect("right", sides, choice.right);
    named("order").value = choice.order;
    named("error").checked = choice.error;
    named("pixels").checked = choice.pixels;
    document.body.classList.toggle("pixels", choice.pixels);
    fillModels();
    showModels();
    zoom.set(...choice.zoom);
  }

  function fillSelect(name, options, value) {
    named(name).replaceChildren(...options.map(([key, label]) => new Option(label, key, false, key === value)));
  }

  function fillModels() {
    modelList.replaceChildren(
      ...table.models.map((model) => {
        const [item, label, box] = ["li", "label", "input"].map((tag) => document.createElement(tag));
        Object.assign(box, { type: "checkbox", value: model.key, checked: choice.models.includes(model.key) });
        label.append(box, ` ${table.label(model.key)}`);
        item.append(label);
        return item;
      }),
    );
  }

  /** Other models: the panes and the order of the faces are made anew. */
  function showModels() {
    find(".models summary").textContent = `Models: ${choice.models.length} of ${table.models.length}`;
    panes.build(table, choice.models);
    orderFaces();
  }

  function orderFaces() {
    named("of").closest("label").hidden = !["worst", "best"].includes(choice.order);
    order =
      choice.order === "id" ? table.faces.map((_, face) => face)
      : choice.order === "spread" ? table.byDisagreement(choice.score, choice.models)
      : table.byScore(choice.score, choice.of, choice.order === "best");
    if (faceAt() < 0) choice.face = table.faces[order[0]];
    strip.show(order.length, order.indexOf(faceAt()));
    showFace();
  }

  function frameOf(place) {
    const face = order[place];
    const { score, models, of } = choice;
    const url = ["hr", ...models].map((side) => table.url(side, face)).find(Boolean);
    const note =
      choice.order === "id" ? ""
      : choice.order === "spread" ? `± ${table.text(score, table.spread(score, models, face))}`
      : table.text(score, table.value(score, of, face));
    return { name: table.faces[face], note, url, alt: "" };
  }

  /** Show the chosen face in the chosen view. */
  function showFace() {
    const { score, view, of, left, right, error } = choice;
    const face = faceAt();
    find(".face-name").textContent = `Face ${choice.face}`;
    for (const [name, box] of Object.entries(boxes)) box.hidden = name !== view;
    find(`input[name=view][value=${view}]`).checked = true;
    for (const part of [find(".tools"), find(".face-name")]) part.classList.toggle("idle", view === "worst");
    named("error").closest("label").hidden = view !== "side";
    if (view === "slider") slider.show(table, score, face, left, right);
    if (view === "worst") gallery.show(table, score, of);
    if (view === "side") {
      panes.show(table, score, face, error);
      const place = order.indexOf(face);
      for (const near of [order[place + 1], order[place - 1]]) if (near !== undefined) panes.fetch(table, near);
    }
    choice.write();
  }

  /** From the gallery to the comparison of a face. */
  function compareFace(face) {
    Object.assign(choice, { face: table.faces[face], view: "side" });
    if (!choice.models.includes(choice.of)) {
      choice.compare(table, new Set([...choice.models, choice.of]));
      fillModels();
      showModels();
    } else {
      strip.choose(order.indexOf(face));
      showFace();
    }
    boxes.side.focus();
  }

  // What the user does

  named("table").addEventListener("change", (event) => openTable(event.target.value));
  named("score").addEventListener("change", (event) => {
    choice.score = event.target.value;
    orderFaces();
  });
  named("order").addEventListener("change", (event) => {
    Object.assign(choice, { order: event.target.value, face: "" }); // the first one
    orderFaces();
  });
  named("of").addEventListener("change", (event) => {
    Object.assign(choice, { of: event.target.value, face: "" });
    named("worst").value = choice.of;
    orderFaces();
  });
  named("worst").addEventListener("change", (event) => {
    named("of").value = choice.of = event.target.value;
    orderFaces();
  });
  for (const side of ["left", "right"]) {
    named(side).addEventListener("change", (event) => {
      choice[side] = event.target.value;
      showFace();
    });
  }
  find(".views").addEventListener("change", (event) => {
    choice.view = event.target.value;
    showFace();
  });
  named("error").addEventListener("change", (event) => {
    choice.error = event.target.checked;
    showFace();
  });
  named("pixels").addEventListener("change", (event) => {
    choice.pixels = event.target.checked;
    document.body.classList.toggle("pixels", choice.pixels);
    choice.write();
  });
  modelList.addEventListener("change", () => {
    const chosen = new Set([...modelList.querySelectorAll("input:checked")].map((box) => box.value));
    if (!chosen.size) chosen.add(table.models[0].key);
    choice.compare(table, chosen);
    for (const box of modelList.querySelectorAll("input")) box.checked = chosen.has(box.value);
    showModels();
  });
  find(".models input[type=search]").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const item of modelList.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
  find(".zoom").addEventListener("click", (event) => {
    const act = { in: () => zoom.by(1.5), out: () => zoom.by(1 / 1.5), reset: () => zoom.reset() };
    act[event.target.dataset.zoom]?.();
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") find(".models").open = false;
    if (!event.target.closest(".view") || event.target.closest("input, select") || choice.view === "worst") return;
    if (zoom.key(event.key)) event.preventDefault();
  });
  addEventListener("click", (event) => {
    if (!event.target.closest(".models")) find(".models").open = false;
  });
  addEventListener("hashchange", () => openTable(choice.read().table));

  for (const part of document.querySelectorAll(".controls, .faces, .bar-over, .hint")) part.hidden = false;
  openTable(choice.read().table);
});
