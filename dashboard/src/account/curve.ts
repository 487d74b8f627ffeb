import type { EquityPoint } from "../api/types";
import { gatherOverTime, timesBetween } from "../chart/overtime";

/** Return the curve at equal distances of time: the worth that held then, the deepest fall since. */
export function curveOverTime(points: EquityPoint[], most?: number): EquityPoint[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const times = timesBetween(first.time, last.time, most);
  let held = first;
  return gatherOverTime(points, times).map((came, index) => {
    held = came.at(-1) ?? held;
    const drawdown = Math.max(held.drawdown, ...came.map((each) => each.drawdown));
    return { ...held, drawdown, time: times[index]! };
  });
}
