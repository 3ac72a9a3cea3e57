// The rules by name, with the ranges of their numbers.

import { RULES as PROGRAM } from "../program/rules.js";

const given = PROGRAM instanceof Map ? [...PROGRAM.values()] : Object.values(PROGRAM);

/** Name -> rule. */
export const RULES = new Map(given.map((rule) => [rule.name, rule]));
