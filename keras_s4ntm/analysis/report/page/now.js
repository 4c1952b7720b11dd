"use strict";

// Input, target and output of a time step as numbers, and whether the memory was accessed.

const NOW = [["input", "inputs"], ["target", "targets"], ["output", "outputs"]];

class NowTable {
  constructor(parent) {
    this.body = parent.tBodies[0];
  }

  take(trace) {
    this.arrays = trace.arrays;
  }

  show({ time }) {
    const rows = NOW.filter(([, name]) => this.arrays[name]).map(([title, name]) => {
      const numbers = this.arrays[name];
      const t = Math.min(time, numbers.shape[0] - 1); // one row: the answer to all steps
      const texts = listOf(numbers.size, (i) => short(numbers.asText(numbers.flat(t, i), 2)));
      return this.row(title, texts.join(" "), `now-${name}`);
    });
    const what = this.arrays.accessed.at(time) ? "accessed" : "rests";
    rows.push(this.row("memory", what, "now-memory"));
    this.body.replaceChildren(...rows);
  }

  row(title, text, id) {
    return element("tr", {}, element("th", { scope: "row" }, title), element("td", { id }, text));
  }
}

/** A number without the zeros behind its decimal point. */
const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
