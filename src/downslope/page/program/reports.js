// Methods that average report another point than those they evaluate, and are judged at it (descent/reports.py).

import { CAUSES, SETTINGS, TESTS, judge } from "./judge.js";

const RUNNING = 0;
const TESTED = ["tolerance", "value_tolerance", "x_tolerance", "target"];

export class Reports {
  constructor(run) {
    Object.assign(this, { run, seen: null, resumeAt: null, held: null });
  }

  /** Hold the tests again, where a pause is over. */
  resume() {
    if (this.resumeAt === null || this.run.evaluations < this.resumeAt) return;
    Object.assign(this.run.limits, this.held);
    this.resumeAt = null;
  }

  /** The cause of the end, now that the point evaluated has met a test, or 0 where the run goes on behind it. */
  confirm(cause) {
    const { run, seen: before } = this;
    const answer = run.answer();
    if (answer === null) return cause;
    if (run.evaluations >= run.limits.most_evaluations) return CAUSES.EVALUATION_LIMIT;
    run.evaluations++;
    run.movedAt++;
    run.acceptedAt++;
    const now = run.look(answer);
    this.seen = { step: run.step, now };
    let [change, moved] = [NaN, NaN];
    if (before && before.step === run.step - 1) {
      change = Math.abs(now.value - before.now.value);
      moved = Math.hypot(...now.x.map((coordinate, j) => coordinate - before.now.x[j]));
    }
    const { step, evaluations } = run;
    const value = run.sign * now.value;
    const code = judge({ ...run.limits, accepted: true, step, evaluations, value, gradient_norm: now.norm, change, moved, idle: 0 });
    if (TESTS.includes(code) || code === CAUSES.STEP_LIMIT || code === CAUSES.EVALUATION_LIMIT) return code;
    const steady = cause === CAUSES.VALUE_STEADY || cause === CAUSES.POINT_STEADY;
    if (!(steady && Number.isNaN(change))) this.pause();
    return RUNNING;
  }

  /** Let a hundredth of the steps so far pass before the next look, which costs as much as a step each time. */
  pause() {
    const { run } = this;
    const pause = Math.floor(run.step / SETTINGS.PATIENCE);
    if (!pause) return;
    this.held = Object.fromEntries(TESTED.map((name) => [name, run.limits[name]]));
    Object.assign(run.limits, { tolerance: -1, value_tolerance: -1, x_tolerance: -1, target: -Infinity });
    this.resumeAt = run.evaluations + pause;
  }

  /** What the method reports if the run ends now; null where that is the point evaluated. */
  now() {
    const { run, seen } = this;
    if (seen && seen.step === run.step) return seen.now;
    const answer = run.answer();
    return answer && run.look(answer);
  }
}
