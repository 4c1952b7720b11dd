"use strict";

// Tables of what a run was told, and of how well it does.

/** A value of the settings or results as text. */
function asText(value) {
  if (value === null || value === undefined) return "none";
  if (Number.isInteger(value)) return String(value);
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  if (Array.isArray(value)) return value.map(asText).join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([key, item]) => `${key} ${asText(item)}`).join(", ");
}

/** A table of rows, lists of text or elements, below a heading. */
function table(heading, rows) {
  const cells = (tag, row) => row.map((cell) => element(tag, {}, cell));
  return element(
    "table", {},
    element("thead", {}, element("tr", {}, ...cells("th", heading))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row)))),
  );
}

/** Results: a row for each setting; of classes also what was taken for what. */
function resultsTables(parent, results) {
  if (!results.length) return parent.append(element("p", {}, "None were measured."));
  const names = Object.keys(results[0]).filter((name) => name !== "confusion");
  const rows = results.map((row) => names.map((name) => asText(row[name])));
  parent.append(table(names.map(words), rows));
  for (const { confusion } of results.filter((row) => row.confusion)) {
    const heading = ["", ...confusion.keys()].map(String);
    const counts = confusion.map((row, i) => [i, ...row].map(String));
    parent.append(element("h3", {}, "Class (rows), taken for (columns)"), table(heading, counts));
  }
}

/** Settings: a table each of the run, its task, its model and its training. */
function settingsTables(parent, groups) {
  for (const [name, settings] of Object.entries(groups)) {
    const rows = Object.entries(settings).map(([key, value]) => [words(key), asText(value)]);
    parent.append(element("div", {}, element("h3", {}, words(name)), table(["Name", "Value"], rows)));
  }
}
