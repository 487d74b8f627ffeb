import { expect, test } from "vitest";

import { csvOf, fileNameOf, NO_BAND } from "../src/chart/exporting";
import { buildStore } from "../src/desk/store";
import { actionOf, KEYS } from "../src/desk/keyboard";
import { buildBar } from "./build";

const BARS = [buildBar(1483434000, 1.04), buildBar(1483437600, 1.05, true)];

test("what is seen becomes one row a bar, with what lies under it", () => {
  const point = (value: number) => [{ time: 1483434000, value }];
  const band = { value: point(0.55), lower: point(0.5), upper: point(0.61) };
  const [head, first, last, end] = csvOf({ bars: BARS, band, drawdown: point(-1.25) }, 5).split("\r\n");
  expect(head?.split(",").length).toBe(12);
  expect(first).toBe(
    "2017-01-03T09:00:00.000Z,1.04000,1.04000,1.04000,1.04000,0.00010,,false,0.5500,0.5000,0.6100,-1.2500",
  );
  expect(last).toBe("2017-01-03T10:00:00.000Z,1.05000,1.05000,1.05000,1.05000,0.00010,,true,,,,");
  expect(end).toBe("");
});

test("a file is named after symbol, timeframe and span", () => {
  expect(fileNameOf("EURUSD H1", BARS, "csv")).toBe("EURUSD_H1_20170103T0900_20170103T1000.csv");
  expect(fileNameOf("EURUSD H1", [], "csv")).toBe("EURUSD_H1.csv");
  expect(csvOf({ bars: [], band: NO_BAND, drawdown: [] }, 5).split("\r\n").length).toBe(2);
});

test("digits choose the timeframe, but not within a sequence, and no key touches the switch", () => {
  const store = buildStore();
  actionOf("2", false)?.(store.dispatch);
  expect(store.getState().chart.timeframe).toBe("M5");
  expect(actionOf("2", true)).toBeUndefined();
  expect(actionOf("8", false)).toBeUndefined();
  expect(KEYS.map(([key]) => key)).toContain("1 \u2026 7");
  expect(store.getState().halt.asked).toBeNull();
});
