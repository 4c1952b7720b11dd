"use strict";

// The memory explorer: where we are in time and in training, and the panels that show it.
// A panel has `take(trace)`, for another trace or other colours, and `show(explorer)`.

const FRAME = 200; // milliseconds of a step while it plays

class Explorer {
  /** `traces`: as the report has them, with their arrays unpacked; the trained network's last. */
  constructor(traces) {
    this.traces = traces;
    [this.time, this.slot, this.head, this.timer] = [0, 0, 0, null];
    this.panels = [
      new NowTable(byId("now")),
      new MemoryPicture(byId("memory"), this),
      new SlotPanel(byId("slot-content"), this),
      new Tapes(byId("tapes"), this),
      new SourcesPanel(byId("sources"), this),
      new LinesPanel(byId("lines")),
    ];
    byId("time").addEventListener("input", () => this.goTo(Number(byId("time").value)));
    byId("training").addEventListener("input", () => this.take(Number(byId("training").value)));
    byId("slot").addEventListener("input", () => this.look(byId("slot").valueAsNumber));
    byId("play").addEventListener("click", () => this.play(this.timer === null));
    document.addEventListener("keydown", (event) => this.key(event));
    byId("training").max = traces.length - 1;
    for (const part of document.querySelectorAll(".of-training")) part.hidden = traces.length < 2;
    this.take(traces.length - 1);
  }

  /** Show a trace: the network at some point of its training. */
  take(index) {
    this.trace = this.traces[index];
    const { about, arrays, label } = this.trace;
    const [times, slots] = arrays.memory.shape;
    [this.lastTime, this.lastSlot] = [times - 2, slots - 1];
    this.time = Math.min(this.time, this.lastTime);
    this.slot = Math.min(this.slot, this.lastSlot);
    this.head = Math.min(this.head, Math.max(0, (arrays.read_weights?.shape[1] ?? 0) - 1));
    byId("training").value = index;
    byId("training-text").textContent = label;
    byId("time").max = this.lastTime;
    byId("slot").max = this.lastSlot;
    const names = ["model", "layer"].filter((name) => name in about);
    const parts = [label, ...names.map((name) => `${name} ${asText(about[name])}`)];
    byId("about").textContent =
      `One test sequence: ${parts.join(", ")}, ${slots} slots of ${arrays.memory.shape[2]} numbers.`;
    for (const panel of this.panels) panel.take(this.trace);
    this.show();
  }

  /** Go to a time step. */
  goTo(time) {
    this.time = Math.max(0, Math.min(time, this.lastTime));
    this.show();
  }

  /** Look at a memory slot. */
  look(slot) {
    if (!(slot >= 0 && slot <= this.lastSlot)) return;
    this.slot = Math.floor(slot);
    this.show();
  }

  /** Ask where the reads of a head come from. */
  read(head) {
    this.head = head;
    this.show();
  }

  /** Go on by itself, from the start again at the end; or stop. */
  play(on) {
    clearInterval(this.timer);
    const next = () => (this.time < this.lastTime ? this.goTo(this.time + 1) : this.play(false));
    if (on && this.time === this.lastTime) this.goTo(0);
    this.timer = on ? setInterval(next, FRAME) : null;
    byId("play").textContent = on ? "Pause" : "Play";
  }

  /** Arrow keys and the space bar, where nothing else needs them. */
  key(event) {
    const isOn = (kinds) => event.target.matches(kinds);
    if (isOn("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in moves) this.goTo(this.time + moves[event.key]);
    else if (event.key === " " && !isOn("button, summary")) this.play(this.timer === null);
    else return;
    event.preventDefault();
  }

  /** Put everything on the page as it is now. */
  show() {
    byId("time").value = this.time;
    byId("time-text").textContent = `${this.time} of ${this.lastTime}`;
    if (document.activeElement !== byId("slot")) byId("slot").value = this.slot;
    for (const panel of this.panels) panel.show(this);
  }

  /** Draw everything anew: the colours or the width have changed. */
  redraw() {
    this.take(this.traces.indexOf(this.trace));
  }
}
