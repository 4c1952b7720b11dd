"use strict";

// Arrays, as packing.py packed them: 16 bits a number, changes from step to step, compressed.

const NOT_FINITE = -32768;
const NO_NUMBER = "–";

/** A list: what `make` makes of 0, 1, 2, ... */
const listOf = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/** An array: `numbers.at(t, slot)` is exact to the digits that are kept. */
class Numbers {
  constructor(shape, digits, units) {
    this.shape = shape;
    this.digits = digits;
    this.units = units; // whole numbers of the last digit, time step by time step
    this.unit = 10 ** -digits;
    this.size = shape.slice(1).reduce((product, length) => product * length, 1); // of a step
    const larger = (most, unit) => (unit === NOT_FINITE ? most : Math.max(most, Math.abs(unit)));
    this.largest = units.reduce(larger, 0) * this.unit;
  }

  /** The place of a number: an index for every axis. */
  place(index) {
    return index.reduce((place, i, axis) => place * this.shape[axis] + i, 0);
  }

  /** A number; NaN where it is not finite. */
  at(...index) {
    const unit = this.units[this.place(index)];
    return unit === NOT_FINITE ? NaN : unit * this.unit;
  }

  /** Number i of a time step, whatever axes it has. */
  flat(t, i) {
    const unit = this.units[t * this.size + i];
    return unit === NOT_FINITE ? NaN : unit * this.unit;
  }

  /** The number at an index as text. */
  text(index) {
    return this.asText(this.at(...index));
  }

  /** A number of these as text, with the digits that are kept, or fewer. */
  asText(number, digits = this.digits) {
    if (Number.isNaN(number)) return NO_NUMBER;
    return number.toFixed(Math.max(0, Math.min(digits, this.digits)));
  }
}

/** The `Numbers` of a packed array. */
async function unpack({ shape, digits, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const units = new Int16Array(await new Response(stream).arrayBuffer());
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  for (let i = size; i < units.length; i++) units[i] += units[i - size]; // may wrap, and back
  return new Numbers(shape, digits, units);
}
