"use strict";

// A memory slot: what it holds now, what it held before, and when it was written and read.

class SlotPanel {
  constructor(parent, explorer) {
    this.history = figure("tape clickable", "Its contents over time", 96);
    this.map = new HeatMap(this.history.canvas);
    const { canvas } = this.history;
    canvas.addEventListener("click", (event) => explorer.goTo(this.map.column(event)));
    this.heads = element("p", { className: "hint", id: "slot-heads" });
    this.numbers = element("div", { className: "numbers", id: "slot-numbers" });
    parent.append(this.heads, this.numbers, this.history.whole);
  }

  take(trace) {
    this.arrays = trace.arrays;
  }

  show({ slot, time }) {
    const { memory } = this.arrays;
    const [times, , width] = memory.shape;
    this.map.show(times - 1, width, memory.largest, (step, i) => memory.at(step + 1, slot, i));
    this.map.draw([time]);
    this.heads.textContent = weightings(this.arrays).map(({ name, numbers, head }) => {
      const most = mostOf(listOf(numbers.shape[0], (step) => numbers.at(step, head, slot)));
      return `${name}: ${numbers.text([time, head, slot])} now, most at step ${most}`;
    }).join("; ");
    const contents = listOf(width, (i) => memory.text([time + 1, slot, i]));
    this.numbers.replaceChildren(...contents.map((text) => element("span", {}, text)));
  }
}
