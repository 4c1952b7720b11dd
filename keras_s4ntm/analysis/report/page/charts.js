"use strict";

// Line charts, drawn by uPlot.

const LINE_COLOURS = [
  "#2b7fd4", "#d9730d", "#2a9d5c", "#b0449b", "#8a7a1f", "#c43b3b", "#12939a", "#777f8c",
];
const CHART_HEIGHT = 220;

/** Lines over `x`, `{name, values}` each; a vertical line stands where `now()` is. */
class LineChart {
  constructor(parent, title, across, x, lines, now = () => null) {
    this.parent = parent;
    const grid = { stroke: () => colour("--rule"), width: 1 };
    const axis = { stroke: () => colour("--faint"), grid, ticks: { show: false } };
    const options = {
      title,
      width: parent.clientWidth,
      height: CHART_HEIGHT,
      scales: { x: { time: false } },
      axes: [{ ...axis, size: 28 }, { ...axis, size: 52 }],
      series: [{ label: across }, ...lines.map((line, i) => series(line, i))],
      hooks: { draw: [(chart) => this.mark(chart, now())] },
    };
    this.chart = new uPlot(options, [x, ...lines.map((line) => line.values)], parent);
  }

  /** A vertical line where now is. */
  mark(chart, now) {
    if (now === null) return;
    const at = chart.valToPos(now, "x", true);
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.strokeStyle = colour("--mark");
    ctx.lineWidth = 1.5 * uPlot.pxRatio;
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  redraw() {
    const width = this.parent.clientWidth;
    if (width !== this.chart.width) this.chart.setSize({ width, height: CHART_HEIGHT });
    else this.chart.redraw(false, true);
  }
}

/** Line i as uPlot wants it: what is not known is a gap that is spanned. */
function series({ name, values }, i) {
  return {
    label: name,
    stroke: LINE_COLOURS[i % LINE_COLOURS.length],
    width: 2,
    spanGaps: true,
    points: { show: values.filter((value) => value !== null).length < 2 },
    value: (_, value) => (value == null ? NO_NUMBER : String(Number(value.toPrecision(4)))),
  };
}

/** The course of training: a chart for each figure of the history, with that of validation. */
function trainingCharts(parent, history) {
  const known = new Set(history.flatMap(Object.keys));
  const names = [...known].filter((name) => !["epoch", "step", "seconds"].includes(name));
  const figures = [...new Set(names.map((name) => name.replace(/^val_/, "")))];
  const number = (value) => (typeof value === "number" ? value : null);
  const values = (name) => history.map((record) => number(record[name]));
  return figures.map((figure) => {
    const lines = [[figure, "training"], [`val_${figure}`, "validation"]]
      .filter(([name]) => known.has(name))
      .map(([name, label]) => ({ name: label, values: values(name) }));
    const place = element("div", { className: "chart" });
    parent.append(place);
    return new LineChart(place, words(figure), "step", values("step"), lines);
  });
}
