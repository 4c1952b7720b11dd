"use strict";

// What is a few numbers at every step, as lines: gates, key strengths.

class LinesPanel {
  constructor(parent) {
    this.parent = parent;
    this.choice = element("select", { id: "quantity" });
    this.choice.setAttribute("aria-label", "Quantity");
    this.choice.addEventListener("change", () => this.draw());
    this.place = element("div", { className: "chart" });
    parent.append(element("h3", {}, "Gates and strengths over time"), this.choice, this.place);
  }

  take({ arrays, lines }) {
    const chosen = this.choice.value;
    [this.arrays, this.time] = [arrays, 0];
    this.parent.hidden = !lines.length;
    const option = (name) => element("option", { value: name }, words(name));
    this.choice.replaceChildren(...lines.map(option));
    if (lines.includes(chosen)) this.choice.value = chosen;
    if (lines.length) this.draw();
  }

  draw() {
    const numbers = this.arrays[this.choice.value];
    const [length, count] = numbers.shape;
    const known = (number) => (Number.isNaN(number) ? null : number);
    const values = (i) => listOf(length, (t) => known(numbers.at(t, i)));
    const heads = weightings(this.arrays).map((one) => one.name);
    const name = (i) => (count === heads.length ? heads[i] : String(i)); // write heads come first
    const lines = listOf(count, (i) => ({ name: name(i), values: values(i) }));
    const steps = listOf(length, (t) => t);
    this.place.replaceChildren();
    this.chart = new LineChart(this.place, "", "step", steps, lines, () => this.time);
  }

  show({ time }) {
    this.time = time;
    if (!this.parent.hidden) this.chart.redraw();
  }
}
