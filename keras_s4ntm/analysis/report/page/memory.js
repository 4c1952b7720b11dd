"use strict";

// The memory after a step, a slot to a column, and the weightings of all heads along it.

/** The weightings of all heads: `{name, kind, numbers, head}`, those that write first. */
function weightings(arrays) {
  return ["write_weights", "read_weights"].filter((kind) => arrays[kind]).flatMap((kind) =>
    listOf(arrays[kind].shape[1], (head) => ({
      name: `${kind.split("_")[0]} head ${head}`, kind, numbers: arrays[kind], head,
    })),
  );
}

/** Where the largest of some numbers stands; what is no number is not. */
function mostOf(numbers) {
  return numbers.reduce((most, number, i) => (number > (numbers[most] || 0) ? i : most), 0);
}

class MemoryPicture {
  constructor(parent, explorer) {
    [this.parent, this.explorer] = [parent, explorer];
  }

  take({ arrays }) {
    this.memory = arrays.memory;
    this.parent.replaceChildren();
    this.heads = weightings(arrays).map((one) => ({ ...one, ...this.add(one.name, 12) }));
    this.whole = this.add("memory: numbers of a slot downwards", 200);
  }

  /** A picture; pointing at it looks at a slot. */
  add(name, height) {
    const { canvas, caption, whole } = figure("strip", name, height);
    const map = new HeatMap(canvas);
    for (const kind of ["pointermove", "pointerdown"]) {
      canvas.addEventListener(kind, (event) => this.explorer.look(map.column(event)));
    }
    this.parent.append(whole);
    return { map, caption };
  }

  show({ time, slot }) {
    const [, slots, width] = this.memory.shape;
    for (const { name, numbers, head, map, caption } of this.heads) {
      const weights = listOf(slots, (n) => numbers.at(time, head, n));
      const most = mostOf(weights);
      const weight = numbers.text([time, head, most]);
      caption.textContent = `${name}, most at slot ${most}: ${weight}`;
      map.show(slots, 1, 1, (n) => weights[n]);
      map.draw([slot]);
    }
    const value = (n, i) => this.memory.at(time + 1, n, i);
    this.whole.map.show(slots, width, this.memory.largest, value);
    this.whole.map.draw([slot]);
  }
}
