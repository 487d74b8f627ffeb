import type { NetPoint, PerformancePart } from "../api/types";
import { TIMES_NARROW, timesBetween } from "../chart/overtime";

/** Lines that can still be told apart in one chart. */
export const LINES_MOST = 6;

/** Return the parts to draw: those whose net result is furthest from nothing. */
export function chooseParts(parts: PerformancePart[]): PerformancePart[] {
  return parts
    .filter((part) => (part.course?.points.length ?? 0) > 0)
    .toSorted((a, b) => Math.abs(b.net) - Math.abs(a.net))
    .slice(0, LINES_MOST);
}

/** Begin a curve at nothing, a second before its first trade closed. */
export function fromNothing(points: NetPoint[]): NetPoint[] {
  const first = points[0];
  return first === undefined ? [] : [{ time: first.time - 1, net: 0 }, ...points];
}

/** Return the times at which the curves of parts are drawn, the same for all of them. */
export function timesOf(parts: PerformancePart[]): number[] {
  const known = parts.flatMap((part) => (part.course?.points ?? []).map((point) => point.time));
  if (known.length === 0) return [];
  const [first, last] = known.reduce(([low, high], time) => [Math.min(low, time), Math.max(high, time)], [Infinity, 0]);
  return timesBetween(first - 1, last, TIMES_NARROW);
}
