// Light or dark: as the system has it, or as the button was last pressed. Loaded first, so that nothing flashes.
"use strict";

{
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  /** What was chosen before; null where nothing was, or where the browser keeps nothing for pages on disk. */
  function remembered() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  }

  function remember(theme) {
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // The choice lasts as long as the page.
    }
  }

  const isDark = () => (root.style.colorScheme || (system.matches ? "dark" : "light")) === "dark";

  const chosen = remembered();
  if (chosen === "light" || chosen === "dark") root.style.colorScheme = chosen;

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector(".theme");
    const name = () => {
      button.textContent = isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `${button.textContent} colours`);
    };
    button.hidden = false;
    name();
    system.addEventListener("change", name);
    button.addEventListener("click", () => {
      root.style.colorScheme = isDark() ? "light" : "dark";
      remember(root.style.colorScheme);
      name();
    });
  });
}
