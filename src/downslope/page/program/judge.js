// Written by scripts/page from the records in Python. Do not edit.
export function judge({accepted, step, evaluations, value, gradient_norm, change, moved, idle, tolerance, value_tolerance, x_tolerance, target, ceiling, floor, most_steps, most_evaluations, most_idle}) {
  if (accepted && !(Number.isFinite(value)) && value < 0) return 31; // VALUE_LOW
  if (accepted && !(Number.isFinite(value)) && value > 0) return 33; // VALUE_INFINITE
  if (accepted && !(Number.isFinite(value))) return 32; // VALUE_NAN
  if (accepted && !(Number.isFinite(gradient_norm))) return 34; // GRADIENT_NOT_FINITE
  if (accepted && gradient_norm <= tolerance) return 10; // GRADIENT_SMALL
  if (accepted && value <= target) return 13; // TARGET_REACHED
  if (accepted && step > 0 && change <= value_tolerance) return 11; // VALUE_STEADY
  if (accepted && step > 0 && moved <= x_tolerance) return 12; // POINT_STEADY
  if (accepted && value > ceiling) return 30; // VALUE_HIGH
  if (accepted && value < floor) return 31; // VALUE_LOW
  if (accepted && step >= most_steps) return 20; // STEP_LIMIT
  if (idle >= most_idle) return 35; // STALLED
  if (evaluations >= most_evaluations) return 21; // EVALUATION_LIMIT
  return 0; // RUNNING
}
