// The comparison of faces. What is chosen stands in the address, so that it can be passed on.
"use strict";

/** Tables by their anchor; the scripts in data/ hand theirs over by `faces.table(...)`. */
const faces = {
  tables: new Map(),
  table(anchor, content) {
    content.withoutLr = new Set(content.withoutLr);
    content.withoutHr = new Set(content.withoutHr);
    for (const rows of Object.values(content.values)) {
      for (const [place, row] of rows.entries()) rows[place] = row.map((value) => (value === null ? NaN : Number(value)));
    }
    faces.tables.set(anchor, content);
  },
};

addEventListener("DOMContentLoaded", () => {
  const MODELS_AT_FIRST = 4;
  const WORST_AT_ONCE = 24;
  const find = (selector) => document.querySelector(selector);
  const form = find(".controls");
  const { table: tableChoice, score: scoreChoice, order: orderChoice, of: ofChoice } = form.elements;
  const views = { side: find(".view.side"), slider: find(".view.slider"), worst: find(".view.worst") };
  const [left, right, worst] = ["left", "right", "worst"].map((name) => find(`select[name=${name}]`));
  const [pixels, error] = ["pixels", "error"].map((name) => find(`input[name=${name}]`));
  const modelList = find(".models ul");
  const state = readAddress();
  let table = null; // what the chosen table's script handed over
  let order = []; // places of faces, in the order in which they are shown
  let panes = []; // of the view side by side
  let worstShown = WORST_AT_ONCE;

  const zoom = new Zoom([views.side, views.slider], (by) => {
    find(".zoom output").textContent = `${Math.round(by * 100)} %`;
  });
  const strip = new Filmstrip(find(".filmstrip"), frameOf, (place) => {
    state.face = table.faces[order[place]];
    showFace();
  });

  // What there is to know of the chosen table

  const score = () => table.scores.find((one) => one.name === state.score);
  const modelAt = (key) => table.models.findIndex((model) => model.key === key);
  const valueOf = (key, face) => table.values[state.score][modelAt(key)][face];
  const faceAt = () => table.faces.indexOf(state.face);
  const chosenModels = () => state.models.filter((key) => modelAt(key) >= 0);

  function text(value) {
    if (Number.isNaN(value)) return "–";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    return value.toFixed(score().digits).replace("-", "−");
  }

  /** The image of a face as a side has it: "lr", "hr" or a model's key; null where it was not kept. */
  function urlOf(side, face) {
    if (side === "lr" && table.withoutLr.has(face)) return null;
    if (side === "hr" && table.withoutHr.has(face)) return null;
    const folder = { lr: table.lr, hr: table.hr }[side] ?? table.models[modelAt(side)].folder;
    return `${folder}/${encodeURIComponent(table.faces[face])}.png`;
  }

  function labelOf(side) {
    const model = table.models[modelAt(side)];
    return { lr: "LR", hr: "HR" }[side] ?? `${model.label}${model.beyondLr ? " †" : ""}`;
  }

  /** The standard deviation of the chosen models' scores of a face; infinite ones are left out. */
  function spreadOf(face) {
    const values = chosenModels().map((key) => valueOf(key, face)).filter(Number.isFinite);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.length < 2 ? 0 : values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  }

  /** Places of faces, those with the largest `measure` first; those without one last. */
  function sortedFaces(measure) {
    const measured = table.faces.map((_, face) => [face, measure(face)]);
    measured.sort(([a, x], [b, y]) => Number.isNaN(x) - Number.isNaN(y) || (x === y ? a - b : y > x ? 1 : -1));
    return measured.map(([face]) => face);
  }

  /** The worst faces of a model first, or the best. */
  function facesOf(key, best) {
    const sign = score().higherIsBetter === best ? 1 : -1;
    return sortedFaces((face) => sign * valueOf(key, face));
  }

  // The address

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const one = (name) => given.get(name) ?? "";
    return {
      table: one("table"),
      score: one("score"),
      order: one("order"),
      of: one("of"),
      models: one("models").split(",").filter(Boolean),
      view: one("view") in views ? one("view") : "side",
      face: one("face"),
      left: one("left"),
      right: one("right"),
    };
  }

  function writeAddress() {
    const told = Object.entries({ ...state, models: chosenModels().join(",") }).filter(([, value]) => value);
    history.replaceState(null, "", `#${new URLSearchParams(told)}`);
  }

  // From the table down to the face: each step keeps what was chosen where it can

  /** Load a table's script, once, and show the table. */
  function openTable(anchor) {
    const options = [...tableChoice.options];
    const option = options.find((one) => one.dataset.anchor === anchor) ?? options[0];
    option.selected = true;
    state.table = option.dataset.anchor;
    if (faces.tables.has(state.table)) return showTable();
    const script = document.createElement("script");
    script.src = option.dataset.script;
    script.addEventListener("load", () => {
      if (state.table === option.dataset.anchor) showTable();
    });
    document.head.append(script);
  }

  function showTable() {
    table = faces.tables.get(state.table);
    if (!table.scores.some((one) => one.name === state.score)) state.score = table.scores[0].name;
    if (!chosenModels().length) state.models = modelsAtFirst();
    fillSelect(scoreChoice, table.scores.map((one) => [one.name, one.unit ? `${one.label} / ${one.unit}` : one.label]), state.score);
    const models = table.models.map((model) => [model.key, labelOf(model.key)]);
    if (modelAt(state.of) < 0) state.of = chosenModels().find((key) => !table.models[modelAt(key)].baseline) ?? chosenModels()[0];
    fillSelect(ofChoice, models, state.of);
    fillSelect(worst, models, state.of);
    const sides = [["lr", "LR"], ...models, ["hr", "HR"]];
    const known = (side) => sides.some(([name]) => name === side);
    if (!known(state.left)) state.left = chosenModels()[0];
    if (!known(state.right)) state.right = chosenModels()[1] ?? "hr";
    fillSelect(left, sides, state.left);
    fillSelect(right, sides, state.right);
    if (!["spread", "worst", "best", "id"].includes(state.order)) state.order = "spread";
    orderChoice.value = state.order;
    fillModels();
    showModels();
  }

  /** The baseline, and the best. */
  function modelsAtFirst() {
    const ranked = table.models.filter((model) => !model.beyondLr || model.baseline);
    const first = ranked.length ? ranked : table.models;
    const others = first.filter((model) => !model.baseline).slice(0, MODELS_AT_FIRST - 1);
    return [...first.filter((model) => model.baseline), ...others].map((model) => model.key);
  }

  function fillSelect(select, options, value) {
    select.replaceChildren(...options.map(([name, label]) => new Option(label, name, false, name === value)));
  }

  function fillModels() {
    modelList.replaceChildren(
      ...table.models.map((model) => {
        const item = document.createElement("li");
        const label = document.createElement("label");
        const box = document.createElement("input");
        box.type = "checkbox";
        box.value = model.key;
        box.checked = state.models.includes(model.key);
        label.append(box, ` ${labelOf(model.key)}`);
        item.append(label);
        return item;
      }),
    );
  }

  /** Other models, or another score: the panes and the order of the faces are made anew. */
  function showModels() {
    const count = chosenModels().length;
    find(".models summary").textContent = `Models: ${count} of ${table.models.length}`;
    views.side.replaceChildren();
    panes = ["lr", ...chosenModels(), "hr"].map((side) => {
      const pane = document.createElement("figure");
      pane.className = side === "lr" ? "lr" : "";
      pane.innerHTML = '<div class="pane"><img alt="" draggable="false"><img class="truth" alt="" draggable="false"></div><figcaption><span></span> <b></b></figcaption>';
      const [image, truth] = pane.querySelectorAll("img");
      views.side.append(pane);
      pane.querySelector("span").textContent = labelOf(side);
      return { side, pane, image, truth, value: pane.querySelector("b") };
    });
    orderFaces();
  }

  function orderFaces() {
    ofChoice.closest("label").hidden = !["worst", "best"].includes(state.order);
    order =
      state.order === "spread" ? sortedFaces(spreadOf)
      : state.order === "id" ? table.faces.map((_, face) => face)
      : facesOf(state.of, state.order === "best");
    if (faceAt() < 0) state.face = table.faces[order[0]];
    strip.show(order.length, order.indexOf(faceAt()));
    worstShown = WORST_AT_ONCE;
    showFace();
  }

  function frameOf(place) {
    const face = order[place];
    const thumbnail = ["hr", ...chosenModels()].map((side) => urlOf(side, face)).find(Boolean);
    const note =
      state.order === "id" ? ""
      : state.order === "spread" ? `± ${text(Math.sqrt(spreadOf(face)))}`
      : text(valueOf(state.of, face));
    return { name: table.faces[face], note, url: thumbnail, alt: "" };
  }

  /** Show the chosen face in the chosen view. */
  function showFace() {
    const face = faceAt();
    find(".face-name").textContent = `Face ${state.face}`;
    for (const [name, view] of Object.entries(views)) view.hidden = name !== state.view;
    find(`input[name=view][value=${state.view}]`).checked = true;
    for (const part of [find(".tools"), find(".face-name")]) part.classList.toggle("idle", state.view === "worst");
    error.closest("label").hidden = state.view !== "side";
    if (state.view === "side") showSides(face);
    if (state.view === "slider") showSlider(face);
    if (state.view === "worst") showWorst();
    writeAddress();
  }

  function showSides(face) {
    const fair = chosenModels().filter((key) => !table.models[modelAt(key)].beyondLr);
    const values = fair.map((key) => valueOf(key, face));
    const best = score().higherIsBetter ? Math.max(...values) : Math.min(...values);
    for (const { side, pane, image, truth, value } of panes) {
      setImage(image, urlOf(side, face), `${state.face}, ${labelOf(side)}`);
      setImage(truth, error.checked && side !== "hr" ? urlOf("hr", face) : null, "");
      pane.classList.toggle("error", error.checked && side !== "hr" && !table.withoutHr.has(face));
      pane.classList.toggle("absent", urlOf(side, face) === null);
      if (modelAt(side) < 0) continue;
      value.textContent = text(valueOf(side, face));
      const isBest = fair.length > 1 && fair.includes(side) && valueOf(side, face) === best;
      value.classList.toggle("best", isBest);
      value.title = isBest ? "best of those shown" : "";
    }
    const place = order.indexOf(face);
    for (const near of [order[place + 1], order[place - 1]]) {
      if (near === undefined) continue;
      for (const { side } of panes) {
        const url = urlOf(side, near);
        if (url) new Image().src = url; // so that the next face is there at once
      }
    }
  }

  function setImage(image, url, alt) {
    image.hidden = url === null;
    image.alt = url === null ? `${alt}: not kept` : alt;
    if (url === null) image.removeAttribute("src");
    else if (image.getAttribute("src") !== url) image.src = url;
  }

  function showSlider(face) {
    const [under, over] = views.slider.querySelectorAll("img");
    setImage(under, urlOf(state.right, face), `${state.face}, ${labelOf(state.right)}`);
    setImage(over, urlOf(state.left, face), `${state.face}, ${labelOf(state.left)}`);
    const pixelated = (side) => side === "lr";
    under.classList.toggle("lr", pixelated(state.right));
    over.classList.toggle("lr", pixelated(state.left));
    views.slider.querySelector("input[type=range]").setAttribute(
      "aria-valuetext",
      `${labelOf(state.left)} left of ${Math.round(slider.value)} %, ${labelOf(state.right)} right of it`,
    );
  }

  function showWorst() {
    const places = facesOf(worst.value, false);
    const pairs = places.slice(0, worstShown).map((face) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "pair";
      button.dataset.face = table.faces[face];
      for (const side of [worst.value, "hr"]) {
        const image = new Image(128, 128);
        image.loading = "lazy";
        image.decoding = "async";
        setImage(image, urlOf(side, face), `${table.faces[face]}, ${labelOf(side)}`);
        button.append(image);
      }
      const caption = document.createElement("small");
      caption.textContent = `${table.faces[face]} ${text(valueOf(worst.value, face))}`;
      button.append(caption);
      return button;
    });
    views.worst.querySelector(".pairs").replaceChildren(...pairs);
    find(".more").hidden = worstShown >= places.length;
  }

  // What the user does

  const slider = views.slider.querySelector("input[type=range]");
  const split = () => {
    views.slider.querySelector(".pane").style.setProperty("--split", slider.value);
    if (table) showSlider(faceAt());
  };
  slider.addEventListener("input", split);
  {
    // The handle follows the pointer over the picture as long as nothing is enlarged; then the picture moves.
    const pane = views.slider.querySelector(".pane");
    const follow = (event) => {
      if (zoom.zoom > 1 || event.buttons !== 1) return;
      const box = pane.getBoundingClientRect();
      slider.value = (100 * (event.clientX - box.left)) / box.width;
      split();
    };
    pane.addEventListener("pointerdown", follow);
    pane.addEventListener("pointermove", follow);
  }

  tableChoice.addEventListener("change", () => openTable(tableChoice.selectedOptions[0].dataset.anchor));
  scoreChoice.addEventListener("change", () => {
    state.score = scoreChoice.value;
    orderFaces();
  });
  orderChoice.addEventListener("change", () => {
    state.order = orderChoice.value;
    state.face = ""; // the first one
    orderFaces();
  });
  ofChoice.addEventListener("change", () => {
    worst.value = state.of = ofChoice.value;
    state.face = "";
    orderFaces();
  });
  worst.addEventListener("change", () => {
    worstShown = WORST_AT_ONCE;
    showWorst();
  });
  for (const [select, name] of [[left, "left"], [right, "right"]]) {
    select.addEventListener("change", () => {
      state[name] = select.value;
      showFace();
    });
  }
  modelList.addEventListener("change", () => {
    const chosen = new Set([...modelList.querySelectorAll("input:checked")].map((box) => box.value));
    if (!chosen.size) chosen.add(table.models[0].key);
    state.models = table.models.map((model) => model.key).filter((key) => chosen.has(key));
    for (const box of modelList.querySelectorAll("input")) box.checked = chosen.has(box.value);
    showModels();
  });
  find(".models input[type=search]").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const item of modelList.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
  find(".views").addEventListener("change", (event) => {
    state.view = event.target.value;
    showFace();
  });
  pixels.addEventListener("change", () => document.body.classList.toggle("pixels", pixels.checked));
  error.addEventListener("change", showFace);
  find(".zoom").addEventListener("click", (event) => {
    const act = { in: () => zoom.by(1.5), out: () => zoom.by(1 / 1.5), reset: () => zoom.reset() };
    act[event.target.dataset.zoom]?.();
  });
  views.worst.addEventListener("click", (event) => {
    const pair = event.target.closest(".pair");
    if (event.target.closest(".more")) {
      worstShown += WORST_AT_ONCE;
      showWorst();
    } else if (pair) {
      Object.assign(state, { face: pair.dataset.face, view: "side" });
      if (!state.models.includes(worst.value)) {
        state.models = table.models.map((model) => model.key).filter((key) => key === worst.value || state.models.includes(key));
        fillModels();
        showModels();
      } else {
        strip.choose(order.indexOf(faceAt()));
        showFace();
      }
      views.side.focus();
    }
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") find(".models").open = false;
    if (!event.target.closest(".view") || event.target.closest("input, select") || state.view === "worst") return;
    if (zoom.key(event.key)) event.preventDefault();
  });
  addEventListener("click", (event) => {
    if (!event.target.closest(".models")) find(".models").open = false;
  });
  addEventListener("hashchange", () => {
    Object.assign(state, readAddress());
    openTable(state.table);
  });

  for (const part of document.querySelectorAll(".controls, .faces, .bar-over, .hint")) part.hidden = false;
  split();
  openTable(state.table);
});
