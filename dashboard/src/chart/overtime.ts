interface Timed {
  time: number;
}

/** What a wide screen can tell apart; the chart library sets equal distances from point to point. */
const TIMES_MOST = 1000;
/** As many as have room on a phone, or in a third of a screen. */
export const TIMES_NARROW = 400;

/** Return times at equal distances (seconds) from about the first to the last, which is among them. */
export function timesBetween(first: number, last: number, most = TIMES_MOST): number[] {
  const step = Math.max(1, Math.ceil((last - first) / most));
  const count = Math.ceil((last - first) / step) + 1;
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * step);
}

/** Gather points, the oldest first, by the time at or before which they came; one before all is with the first. */
export function gatherOverTime<T extends Timed>(points: T[], times: number[]): T[][] {
  let next = 0;
  return times.map((time) => {
    const begin = next;
    while (next < points.length && points[next]!.time <= time) next += 1;
    return points.slice(begin, next);
  });
}

/** Return what held at each time: the last point until then; times before all points have none. */
export function heldOverTime<T extends Timed>(points: T[], times: number[]): T[] {
  let held: T | undefined;
  return gatherOverTime(points, times).flatMap((came, index) => {
    held = came.at(-1) ?? held;
    return held === undefined ? [] : [{ ...held, time: times[index]! }];
  });
}
