"use strict";

// Which writes a read is made of: the largest contributions, and a picture of all.

class SourcesPanel {
  constructor(parent, explorer) {
    this.explorer = explorer;
    this.choice = element("select", { id: "read-head" });
    this.choice.setAttribute("aria-label", "Read head");
    this.choice.addEventListener("change", () => explorer.read(Number(this.choice.value)));
    this.list = element("div", { id: "writes" });
    this.picture = figure("tape clickable", "Write step (down) in read step (to the right)", 220);
    this.map = new HeatMap(this.picture.canvas);
    const { canvas } = this.picture;
    canvas.addEventListener("click", (event) => explorer.goTo(this.map.column(event)));
    const left = element("div", {}, this.choice, this.list);
    parent.append(element("div", { className: "sources" }, left, this.picture.whole));
  }

  take(trace) {
    this.trace = trace;
    this.painted = null; // the head that the picture shows
    const heads = trace.arrays.read_weights?.shape[1] ?? 0;
    const option = (head) => element("option", { value: head }, `Read head ${head}`);
    this.choice.replaceChildren(...listOf(heads, option));
    this.choice.hidden = heads < 2;
    this.picture.whole.hidden = !trace.arrays.contributions;
  }

  show({ time, head }) {
    const { arrays, reason } = this.trace;
    if (!arrays.contributions) return this.list.replaceChildren(reason);
    this.choice.value = head;
    if (this.painted !== head) this.paint(head);
    this.map.draw([time]);
    const rows = this.trace.sources[time][head].map(([step, writer, share, size]) => [
      step === null ? "initial memory" : this.button(step),
      writer === null ? "" : String(writer),
      `${(100 * share).toFixed(1)} %`,
      size.toFixed(3),
    ]);
    this.list.replaceChildren(table(["Write step", "Head", "Share", "Size"], rows));
  }

  paint(head) {
    const { contributions } = this.trace.arrays;
    const steps = contributions.shape[0];
    this.map.show(steps, steps, 1, (read, write) => contributions.at(read, head, write));
    this.painted = head;
  }

  /** A step that one can go to. */
  button(step) {
    const onclick = () => this.explorer.goTo(step);
    return element("button", { type: "button", onclick }, String(step));
  }
}
