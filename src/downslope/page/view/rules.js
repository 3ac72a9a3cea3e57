// The rules and the schedules by name, with the ranges of their numbers.

import { RULES as PROGRAM } from "../program/rules.js";
import { SCHEDULES as PRINTED } from "../program/schedules.js";

const bounds = ({ above, at_least, below }) => ({ above: above ?? -Infinity, atLeast: at_least ?? -Infinity, below: below ?? Infinity });
const ranged = (hyperparameters) => hyperparameters.map((one) => ({ ...one, ...bounds(one) }));

/** Name -> rule. */
export const RULES = new Map([...PROGRAM.values()].map(({ name, hyperparameters }) => [name, { name, hyperparameters: ranged(hyperparameters) }]));

/** Name -> schedule. */
export const SCHEDULES = new Map([...PRINTED].map(([name, { hyperparameters }]) => [name, { name, hyperparameters: ranged(hyperparameters) }]));
