import { expect, test } from "vitest";

import type { PerformancePart, PerformancePage } from "../src/api/types";
import { buildStore } from "../src/desk/store";
import { chooseParts, fromNothing, LINES_MOST } from "../src/performance/curves";
import { keyChosen, loadPerformance } from "../src/performance/slice";

function buildPart(name: string, net: number, closed = 1): PerformancePart {
  const points = Array.from({ length: closed }, (_, index) => ({ time: 100 + index, net }));
  return {
    name,
    trades: closed,
    net,
    costs: 0,
    win_rate: null,
    profit_factor: null,
    expectancy: null,
    course: { drawdown: 0, sharpe: { value: null, lower: null, upper: null }, held: null, points },
  };
}

test("as many parts are drawn as can be told apart, the largest of them", () => {
  const parts = Array.from({ length: 9 }, (_, index) => buildPart(`p${index}`, index - 4));
  const drawn = chooseParts([...parts, buildPart("none", 50, 0)]).map((each) => each.name);
  expect(drawn).toHaveLength(LINES_MOST);
  expect(drawn.slice(0, 2)).toEqual(["p0", "p8"]);
  expect(drawn).not.toContain("none");
});

test("a curve begins at nothing", () => {
  expect(fromNothing([{ time: 10, net: 5 }])).toEqual([
    { time: 9, net: 0 },
    { time: 10, net: 5 },
  ]);
  expect(fromNothing([])).toEqual([]);
});

test("an answer to a key that was left is not shown", () => {
  const store = buildStore();
  const page = { position: 1, complete: false, now: { by: "strategy" } } as PerformancePage;
  store.dispatch(keyChosen("model"));
  store.dispatch(loadPerformance.fulfilled(page, "", "strategy"));
  expect(store.getState().performance).toMatchObject({ now: null, answers: 0 });
  store.dispatch(loadPerformance.fulfilled(page, "", "model"));
  expect(store.getState().performance).toMatchObject({ complete: false, answers: 1 });
});
