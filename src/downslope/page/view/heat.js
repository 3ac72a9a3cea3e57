// Maps of which every cell is a run: asked of workers while one drags, coarse first, then fine. A worker has the page's
// own script, which there answers (program/worker.js).

/* global SCRIPT */

import { answer } from "../program/worker.js";

const SIZES = [50, 200]; // cells across and upwards
const SIZES_OF_TABLES = [20, 50]; // where a value takes many rows
const STRIP = 10; // rows that a worker makes at once, so that a newer question need not wait
const MOST_WORKERS = 4;

/** Keeps the newest map; ``arrived`` is called with {request, columns, rows, x, steps, cause} whenever one is whole. */
export class Heat {
  constructor(arrived) {
    Object.assign(this, { arrived, key: "", request: null, map: null, strips: [], idle: null, job: 0 });
  }

  /** Ask for a map; the same question as before is left alone. */
  ask(request) {
    const key = JSON.stringify(request, (name, value) => (name === "columns" ? undefined : value));
    if (key === this.key) return;
    Object.assign(this, { key, request });
    this.begin(0);
  }

  /** The map that was asked for last is no longer wanted. */
  forget() {
    Object.assign(this, { key: "", request: null, strips: [], map: null });
    this.job++;
  }

  get sizes() {
    return this.request.fit ? SIZES_OF_TABLES : SIZES;
  }

  begin(level) {
    const size = this.sizes[level], n = this.request.start.length, cells = size * size;
    this.job++;
    this.map = { request: this.request, level, left: size, columns: size, rows: size, x: new Float64Array(cells * n), steps: new Int32Array(cells), cause: new Uint8Array(cells) };
    this.strips = Array.from({ length: size / STRIP }, (_, k) => k * STRIP);
    this.idle ??= this.start();
    while (this.idle.length && this.strips.length) this.give(this.idle.pop());
  }

  start() {
    const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 1));
    try {
      const address = URL.createObjectURL(new Blob([SCRIPT], { type: "text/javascript" }));
      return Array.from({ length: count }, () => {
        const worker = new Worker(address);
        worker.onmessage = ({ data }) => this.take(worker, data);
        return worker;
      });
    } catch {
      return [{ postMessage: (asked) => setTimeout(() => this.take(this.slow, { job: asked.job, ...answer(asked.request) })) }].map((slow) => (this.slow = slow));
    }
  }

  give(worker) {
    const from = this.strips.shift(), { columns, rows } = this.map;
    worker.asked = { from, job: this.job };
    worker.postMessage({ job: this.job, request: { ...this.request, columns, rows, from, to: from + STRIP } });
  }

  take(worker, { job, x, steps, cause }) {
    if (job === this.job) {
      const { map } = this, place = worker.asked.from * map.columns;
      map.x.set(x, place * map.request.start.length);
      map.steps.set(steps, place);
      map.cause.set(cause, place);
      map.left -= STRIP;
    }
    this.idle.push(worker);
    if (job === this.job && this.map.left === 0) {
      this.arrived(this.map);
      if (job === this.job && this.map.level + 1 < this.sizes.length) this.begin(this.map.level + 1);
    }
    while (this.idle.length && this.strips.length) this.give(this.idle.pop());
  }
}
