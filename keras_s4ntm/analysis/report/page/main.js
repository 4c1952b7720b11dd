"use strict";

// Puts the report on the page.

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

async function main() {
  const report = JSON.parse(byId("report").textContent);
  const drawn = []; // what has to be drawn again where colours or widths change
  const redraw = () => drawn.forEach((part) => part.redraw());
  const isDark = () => document.documentElement.dataset.theme === "dark";

  setTheme(DARK.matches);
  DARK.addEventListener("change", () => { setTheme(DARK.matches); redraw(); });
  byId("theme").addEventListener("click", () => { setTheme(!isDark()); redraw(); });
  window.addEventListener("resize", redraw);

  document.title = report.title;
  byId("title").textContent = report.title;
  byId("summary").textContent = `${report.summary} Run ${report.run}.`;
  resultsTables(byId("results"), report.results);
  settingsTables(byId("settings"), { run: report.about, ...report.settings });
  if (report.history.length) drawn.push(...trainingCharts(byId("history"), report.history));
  else byId("history").textContent = "There is no record of its training.";

  if (!report.traces.length) {
    byId("explorer-content").replaceChildren("This network has no memory to look into.");
    return;
  }
  byId("algorithm").replaceChildren(...report.algorithm.map((text) => element("li", {}, text)));
  for (const { arrays } of report.traces) {
    for (const name of Object.keys(arrays)) arrays[name] = await unpack(arrays[name]);
  }
  drawn.push(new Explorer(report.traces));
  document.documentElement.dataset.ready = "true";
}

main().catch((error) => {
  byId("failure").hidden = false;
  byId("failure").textContent =
    `The report cannot be shown: ${error.message}. It needs a browser of 2023 or later.`;
  console.error(error);
});
