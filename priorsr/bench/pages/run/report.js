// Samples over time: one at a time, by a slider. Without it the page shows all.
"use strict";

for (const samples of document.querySelectorAll(".samples")) {
  const figures = [...samples.querySelectorAll("figure")];
  const label = samples.querySelector("label");
  const slider = label.querySelector("input");
  const show = () => {
    for (const [place, figure] of figures.entries()) figure.hidden = place !== Number(slider.value);
    label.querySelector("output").textContent = figures[slider.value].dataset.step;
  };
  label.hidden = figures.length < 2;
  slider.addEventListener("input", show);
  show();
}
