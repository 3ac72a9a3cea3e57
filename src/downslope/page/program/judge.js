// Written by scripts/page from the records in Python. Do not edit.
export function judgeAt(accepted, step, evaluations, value, gradient_norm, change, moved, idle, tolerance, value_tolerance, x_tolerance, target, ceiling, floor, most_steps, most_evaluations, most_idle) {
  if (accepted) {
    if (!Number.isFinite(value)) {
      if (value < 0) return 31; // VALUE_LOW
      if (value > 0) return 33; // VALUE_INFINITE
      return 32; // VALUE_NAN
    }
    if (!Number.isFinite(gradient_norm)) return 34; // GRADIENT_NOT_FINITE
    if (gradient_norm <= tolerance) return 10; // GRADIENT_SMALL
    if (value <= target) return 13; // TARGET_REACHED
    if (step > 0 && change <= value_tolerance) return 11; // VALUE_STEADY
    if (step > 0 && moved <= x_tolerance) return 12; // POINT_STEADY
    if (value > ceiling) return 30; // VALUE_HIGH
    if (value < floor) return 31; // VALUE_LOW
    if (step >= most_steps) return 20; // STEP_LIMIT
  }
  if (idle >= most_idle) return 35; // STALLED
  if (evaluations >= most_evaluations) return 21; // EVALUATION_LIMIT
  return 0; // RUNNING
}

export function judge({accepted, step, evaluations, value, gradient_norm, change, moved, idle, tolerance, value_tolerance, x_tolerance, target, ceiling, floor, most_steps, most_evaluations, most_idle}) {
  return judgeAt(accepted, step, evaluations, value, gradient_norm, change, moved, idle, tolerance, value_tolerance, x_tolerance, target, ceiling, floor, most_steps, most_evaluations, most_idle);
}

export const CAUSES = {GRADIENT_SMALL: 10, VALUE_STEADY: 11, POINT_STEADY: 12, TARGET_REACHED: 13, STEP_LIMIT: 20, EVALUATION_LIMIT: 21, VALUE_HIGH: 30, VALUE_LOW: 31, STALLED: 35, STEP_NOT_FINITE: 36, VALUE_NAN: 32, VALUE_INFINITE: 33, GRADIENT_NOT_FINITE: 34};
export const STATUSES = {10: "converged", 11: "converged", 12: "converged", 13: "target_reached", 20: "step_limit", 21: "evaluation_limit", 30: "diverged", 31: "unbounded", 35: "stalled", 36: "stalled", 32: "left_domain", 33: "left_domain", 34: "left_domain"};
export const TESTS = [10, 11, 12, 13];
export const LIMITS = [20, 21];
export const LEAVING = [32, 33, 34];
export const SETTINGS = {LEVEL: 1e-14, FORGIVEN: 4, LENIENCE: 100, NO_LIMIT: 9007199254740992, LEAST_SQUARE: 5e-324, DEFAULT_TOLERANCE: 1e-08, DEFAULT_STEPS: 100000, RUNAWAY: 1e+30, IDLE_EVALUATIONS: 200, FAR: 1e+50, JUMP: 100, PARTS: 4, FEWEST: 5, LONGEST_PERIOD: 4, ROUNDS: 8, FEWEST_ROUNDS: 4, WIDE: 0.1, SAME: 1e-06, ULPS: 64, TAIL_STEPS: 36, FIRST_ROWS: 1024, FEWEST_ROWS: 12, MOST_NUMBERS: 4000000, ROUNDING: 64, PATIENCE: 100, LEAST_SQUARES: 1e-290};
