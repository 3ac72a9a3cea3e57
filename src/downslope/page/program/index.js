// The page's program: what a worker, the view and the tests use. No DOM.

export { readFormula } from "./reader.js";
export { compileFormula } from "./tape.js";
export { descend } from "./descend.js";
export { endsOf } from "./ends.js";
export { RULES } from "./rules.js";
export { SCHEDULES } from "./schedules.js";
export { WRAPPERS } from "./wrappers.js";
