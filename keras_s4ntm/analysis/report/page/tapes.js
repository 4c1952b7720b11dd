"use strict";

// What happens over time, as pictures one below the other: a column is a time step.

const OF_THE_MODEL = ["inputs", "targets", "outputs"];
const MARKED = 0.05; // the share from which on the write that a read comes from is marked

class Tapes {
  constructor(parent, explorer) {
    [this.parent, this.explorer] = [parent, explorer];
  }

  take({ arrays, sources }) {
    this.sources = sources;
    this.parent.replaceChildren();
    this.tapes = [];
    for (const name of OF_THE_MODEL.filter((name) => arrays[name])) {
      const numbers = arrays[name];
      const height = Math.max(18, Math.min(90, 7 * numbers.size));
      this.add(name, height, numbers, numbers.size, numbers.largest, (t, i) => numbers.flat(t, i));
    }
    for (const { name, kind, numbers, head } of weightings(arrays)) {
      const slots = numbers.shape[2];
      const value = (t, slot) => numbers.at(t, head, slot);
      const tape = this.add(`${name}: slots downwards`, tall(slots), numbers, slots, 1, value);
      tape.writes = kind === "write_weights";
      if (kind !== "read_weights") continue;
      tape.canvas.addEventListener("click", () => this.explorer.read(head));
    }
    if (arrays.usage) {
      const { usage } = arrays;
      const value = (t, slot) => usage.flat(t, slot);
      this.add("usage: slots downwards", tall(usage.size), usage, usage.size, 1, value);
    }
  }

  /** A picture of `value(t, row)`; a click goes to the step. */
  add(name, height, numbers, rows, limit, value) {
    const { canvas, whole } = figure("tape clickable", name, height);
    this.parent.append(whole);
    const tape = { canvas, map: new HeatMap(canvas), steps: numbers.shape[0] };
    tape.map.show(tape.steps, rows, limit, value);
    canvas.addEventListener("click", (event) => {
      if (tape.steps > 1) this.explorer.goTo(tape.map.column(event));
    });
    this.tapes.push(tape);
    return tape;
  }

  show({ time, head }) {
    const named = this.sources[time]?.[head] ?? [];
    const read = named.filter(([step, , share]) => step !== null && share >= MARKED);
    for (const { map, steps, writes } of this.tapes) {
      const now = steps > 1 ? [time] : []; // one column: the answer to all steps
      map.draw(writes ? [...now, ...read.map(([step]) => step)] : now);
    }
  }
}

/** How high a picture of so many slots is, in pixels. */
const tall = (slots) => Math.max(64, Math.min(128, slots));
