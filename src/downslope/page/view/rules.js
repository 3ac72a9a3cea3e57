// The rules by name, with the ranges of their numbers.

import { RULES as PROGRAM } from "../program/rules.js";

const bounds = ({ above, at_least, below }) => ({ above: above ?? -Infinity, atLeast: at_least ?? -Infinity, below: below ?? Infinity });
const ranged = (rule) => ({ name: rule.name, hyperparameters: rule.hyperparameters.map((one) => ({ ...one, ...bounds(one) })) });

/** Name -> rule. */
export const RULES = new Map([...PROGRAM.values()].map((rule) => [rule.name, ranged(rule)]));
