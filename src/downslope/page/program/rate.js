// The numbers of a rule, and its learning rate multiplied by schedules (optimizers/wrappers/scheduled.py).

import { SCHEDULES } from "./schedules.js";

/** Values of fields in their order, from an object; what it leaves out is the default. */
export function numbersOf(fields, given) {
  return fields.map(({ name, default: value }) => (Object.hasOwn(given, name) ? given[name] : value));
}

export class Rate {
  constructor(rule, { hyperparameters = {}, learningRate = null, schedule = null }) {
    const fields = rule.hyperparameters.filter((field) => !field.whole);
    const given = learningRate === null ? hyperparameters : { ...hyperparameters, learning_rate: learningRate };
    this.numbers = numbersOf(fields, given);
    this.place = fields.findIndex((field) => field.name === "learning_rate");
    this.count = 0;
    this.schedules = (this.place < 0 ? [] : (schedule ?? [])).map(({ name, values = {} }) => {
      const code = SCHEDULES.get(name);
      const [state, next] = [Float64Array.from(code.state), Float64Array.from(code.state)];
      return { name, code, state, next, numbers: numbersOf(code.hyperparameters, values) };
    });
    if (this.schedules.length) {
      this.base = this.numbers[this.place];
      this.numbers[this.place] = this.at(NaN);
    }
  }

  /** The rate of this step, at whose point the objective has this value. */
  at(value) {
    return this.schedules.reduce((rate, { code, numbers, state, next }) => rate * code.factor(numbers, this.count, value, state, next), this.base);
  }

  /** Put the rate of this step into a buffer. */
  set(buffer, value) {
    if (this.schedules.length) buffer[this.place] = this.at(value);
  }

  /** What a run that goes on from the last accepted point begins with: count and states before that point was left. */
  get before() {
    return { names: this.schedules.map(({ name }) => name).join(), count: this.count - 1, states: this.schedules.map(({ next }) => next.slice()) };
  }

  /** Go on with the counts of a run before, if its schedules are of the same kind; others begin here. */
  resume({ names, count, states }) {
    if (!names || names !== this.schedules.map(({ name }) => name).join()) return;
    this.count = count;
    this.schedules.forEach(({ state }, i) => state.set(states[i]));
  }

  /** The step was made; a rejected trial leaves count and schedules as they were. */
  accept() {
    if (!this.schedules.length) return;
    this.count++;
    for (const schedule of this.schedules) [schedule.state, schedule.next] = [schedule.next, schedule.state];
  }
}
