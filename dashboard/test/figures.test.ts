import { expect, test } from "vitest";

import type { Change, Fill } from "../src/api/types";
import { barTimeAt, timeframeOf } from "../src/chart/candles";
import { bandOf, drawdownOf, marksOf } from "../src/chart/overlays";
import { foldAlike } from "../src/decisions/folding";
import { arrowOf, decimalsOf, formatNumber, formatPercent, formatSigned } from "../src/format/numbers";
import { brokerOffsetHours, formatAge, formatClock, formatMoment } from "../src/format/times";
import { coalesce } from "../src/stream/batch";
import { buildDecision } from "./build";

test("numbers have fixed decimals, separators and a true sign", () => {
  expect(formatNumber(102341.1, 2)).toBe("102,341.10");
  expect(formatNumber(-0.001, 2)).toBe("0.00");
  expect(formatNumber(-12.5, 1)).toBe("\u221212.5");
  expect(formatNumber(null, 2)).toBe("\u2013");
  expect(formatSigned(3, 0)).toBe("+3");
  expect(formatSigned(0.001, 2)).toBe("0.00");
  expect(formatPercent(0.1234)).toBe("12.34\u00a0%");
  expect([1, 0, -1].map(arrowOf)).toEqual(["\u25b2", "\u25c6", "\u25bc"]);
});

test("ages and moments read as one says them", () => {
  expect([84, 3210, 240_000, 7_300_000].map(formatAge)).toEqual(["84 ms", "3.2 s", "4 min", "2 h"]);
  expect(formatMoment("2017-01-03T10:05:00.000Z")).toBe("2017-01-03 10:05");
});

test("the broker's clock follows New York: UTC+2 in winter, UTC+3 in summer", () => {
  const winter = Date.parse("2017-01-03T10:05:00Z");
  expect(formatClock(winter, brokerOffsetHours(winter))).toBe("12:05:00");
  expect(brokerOffsetHours(Date.parse("2017-07-03T10:00:00Z"))).toBe(3);
});

test("a moment belongs to the last bar that began before it", () => {
  expect([5, 10, 19, 20, 99].map((at) => barTimeAt([10, 20], at))).toEqual([null, 10, 10, 20, 20]);
});

test("of what replaces itself only the newest is kept, in order; the rest all stay", () => {
  const quote = (bid: number): Change => ({ kind: "quote", symbol: "A", bid, ask: 2, time: "" });
  const decision: Change = { kind: "decision", decision: buildDecision("a") };
  expect(coalesce([quote(1), decision, quote(2), decision])).toEqual([
    decision,
    quote(2),
    decision,
  ]);
});

test("the traded timeframe shows in when its bars closed", () => {
  expect(timeframeOf([3600, 7200, 10_800, 183_600])).toBe("H1");
  expect(timeframeOf([60, 120])).toBe("M1");
  expect(timeframeOf([60])).toBeUndefined();
});

test("fills are marked at their bars: entries and reversals by direction, the rest as exits", () => {
  const fill = (id: string, side: Fill["side"], lots: number, symbol = "A"): Fill => {
    const shared = { order: "k", price: 1, commission: 0, profit: 0, kind: "exact", reason: "" };
    return { id, side, lots, symbol, time: "1970-01-01T00:00:15.000Z", ...shared };
  };
  // Long 0.2, reversed to short 0.1, closed: nothing is held now.
  const fills = [fill("3", "long", 0.1), fill("2", "short", 0.3), fill("1", "long", 0.2)];
  expect(marksOf([fill("4", "long", 1, "B"), ...fills], "A", [10, 20], 0)).toEqual([
    { time: 10, side: "long", closes: false },
    { time: 10, side: "short", closes: false },
    { time: 10, side: "long", closes: true },
  ]);
});

test("the band holds one point a bar, the newest decision's", () => {
  const time = "1970-01-01T00:00:15.000Z";
  const newest = buildDecision("b", { time, probability: 0.6, lower: null });
  const band = bandOf([newest, buildDecision("a", { time })], "EURUSD", [10]);
  expect(band.value).toEqual([{ time: 10, value: 0.6 }]);
  expect(band.lower).toEqual([{ time: 10, value: 0.6 }]);
});

test("the band tells the probability of a rise, whichever side was told", () => {
  const given = { time: "1970-01-01T00:00:15.000Z", probability: 0.6, lower: 0.55, upper: 0.7 };
  const band = bandOf([buildDecision("1", { ...given, side: "short" })], "EURUSD", [10]);
  expect(band.value[0]?.value).toBeCloseTo(0.4);
  expect(band.lower[0]?.value).toBeCloseTo(0.3);
  expect(band.upper[0]?.value).toBeCloseTo(0.45);
});

test("a number is written with the decimals that it has, five at most", () => {
  expect([30, 6.05, -0.1234567, 1e-9].map(decimalsOf)).toEqual([0, 2, 5, 0]);
});

test("a symbol's abstentions in a row for one reason are one row, and none is lost", () => {
  const of = (id: string, symbol: string, changes = {}) => buildDecision(id, { symbol, ...changes });
  const other = { reasons: [{ code: "warming_up", text: "" }] };
  const folds = foldAlike([
    of("9", "A"),
    of("8", "B"),
    of("7", "A"),
    of("6", "A", { outcome: "enter" }),
    of("5", "A"),
    of("4", "A", other),
    of("3", "B"),
  ]);
  expect(folds.map((each) => [each.decision.id, each.alike.map(({ id }) => id)])).toEqual([
    ["9", ["7"]],
    ["8", ["3"]],
    ["6", []],
    ["5", []],
    ["4", []],
  ]);
});

test("each bar shows its deepest drawdown below zero", () => {
  const point = (time: number, drawdown: number) => ({ time, equity: 1, balance: 1, drawdown });
  expect(drawdownOf([point(11, 0.01), point(15, 0.03), point(21, 0)], [10, 20])).toEqual([
    { time: 10, value: -3 },
    { time: 20, value: 0 },
  ]);
});
