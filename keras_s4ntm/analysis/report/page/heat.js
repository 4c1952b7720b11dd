"use strict";

// Heat maps on canvas: blue is positive, orange negative, the paper's colour zero.

/** A heat map: `show` says what of, `draw` puts it on the canvas, with frames on it. */
class HeatMap {
  constructor(canvas) {
    this.canvas = canvas;
    this.image = document.createElement("canvas"); // a pixel for every cell
  }

  /** Take `value(column, row)`, from `-limit` to `limit`, for all columns and rows. */
  show(columns, rows, limit, value) {
    Object.assign(this.image, { width: columns, height: rows });
    const [zero, positive, negative] = ["--zero", "--positive", "--negative"].map((name) =>
      colour(name).split(",").map(Number),
    );
    const context = this.image.getContext("2d");
    const cells = context.createImageData(columns, rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const number = value(column, row);
        if (Number.isNaN(number)) continue; // stays transparent
        const share = Math.min(1, Math.abs(number) / (limit || 1));
        const full = number < 0 ? negative : positive;
        const at = 4 * (row * columns + column);
        for (let c = 0; c < 3; c++) cells.data[at + c] = zero[c] + share * (full[c] - zero[c]);
        cells.data[at + 3] = 255;
      }
    }
    context.putImageData(cells, 0, 0);
  }

  /** Draw it, and frames around some of its columns. */
  draw(columns = []) {
    const { canvas, image } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    if (!canvas.width || !image.width) return;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = image.width > canvas.width || image.height > canvas.height;
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    context.scale(ratio, ratio);
    context.strokeStyle = colour("--mark");
    context.lineWidth = 1.5;
    const across = width / image.width;
    for (const column of columns) {
      context.strokeRect(column * across, 0, Math.max(across, 2), height);
    }
  }

  /** The column under the pointer. */
  column(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.image.width);
    return Math.max(0, Math.min(column, this.image.width - 1));
  }
}
