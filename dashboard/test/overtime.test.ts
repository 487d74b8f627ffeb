import { expect, test } from "vitest";

import { curveOverTime } from "../src/account/curve";
import type { EquityPoint, TwinDay } from "../src/api/types";
import { heldOverTime, timesBetween } from "../src/chart/overtime";
import { causesOf } from "../src/twin/slice";

const HOUR = 3600;

function buildPoint(time: number, equity: number, drawdown = 0): EquityPoint {
  return { time, equity, balance: equity, drawdown };
}

test("a weekend is as wide as it is long, however many bars there were before it", () => {
  const friday = Array.from({ length: 60 }, (_, index) => buildPoint(index * 60, 100 + index));
  const monday = buildPoint(49 * HOUR, 200);
  const curve = curveOverTime([...friday, monday], 490);
  const distances = new Set(curve.slice(1).map((point, index) => point.time - curve[index]!.time));
  expect([...distances]).toEqual([360]);
  expect(curve.filter((point) => point.equity < 159)).toHaveLength(10);
  expect(curve.filter((point) => point.equity === 159)).toHaveLength(480);
  expect(curve.at(-1)).toEqual(monday);
});

test("the deepest fall of a time is kept though its worth rose again", () => {
  const points = [buildPoint(0, 100), buildPoint(50, 80, 0.2), buildPoint(99, 100), buildPoint(1000, 100)];
  expect(Math.max(...curveOverTime(points, 10).map((point) => point.drawdown))).toBe(0.2);
});

test("few points, one, and none are drawn", () => {
  expect(curveOverTime([])).toEqual([]);
  expect(curveOverTime([buildPoint(7, 1)])).toEqual([buildPoint(7, 1)]);
  expect(timesBetween(0, 3)).toEqual([0, 1, 2, 3]);
});

test("what begins later has nothing before its beginning", () => {
  const times = timesBetween(0, 40, 4);
  expect(heldOverTime([{ time: 15, net: 1 }, { time: 30, net: 2 }], times)).toEqual([
    { time: 20, net: 1 },
    { time: 30, net: 2 },
    { time: 40, net: 2 },
  ]);
});

test("causes are told by what they moved, without those of nothing", () => {
  const causes = [["spread", -1], ["swap", 0], ["reject", 4], ["latency", -2]] as const;
  const day = { causes: causes.map(([cause, amount]) => ({ cause, amount, orders: 1 })) } as unknown as TwinDay;
  expect(causesOf(day).map((each) => each.cause)).toEqual(["reject", "latency", "spread"]);
});
