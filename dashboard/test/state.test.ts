import { beforeEach, expect, test } from "vitest";

import type { Change } from "../src/api/types";
import { loadBars, selectSymbol } from "../src/chart/slice";
import { loadOlder } from "../src/decisions/slice";
import { buildStore, type DeskStore } from "../src/desk/store";
import { haltAsked, switchTrading } from "../src/halt/slice";
import { changesReceived, snapshotReceived } from "../src/stream/actions";
import { buildBar, buildDecision, buildOrder, buildSnapshot } from "./build";

let store: DeskStore;

beforeEach(() => {
  store = buildStore();
  store.dispatch(snapshotReceived({ snapshot: buildSnapshot(), at: 1000 }));
});

const receive = (...changes: Change[]) => store.dispatch(changesReceived({ changes, at: 2000 }));

const quote = (bid: number, time: string): Change => ({
  kind: "quote",
  symbol: "EURUSD",
  bid,
  ask: bid + 0.0002,
  time,
});

function loadHour(): void {
  const choice = { symbol: "EURUSD", timeframe: "H1" };
  const bars = [buildBar(1483434000, 1.04), buildBar(1483437600, 1.05, true)];
  store.dispatch(loadBars.fulfilled({ ...choice, digits: 5, bars }, "", choice));
}

test("the snapshot chooses the symbol and the timeframe that is traded", () => {
  expect(store.getState().chart).toMatchObject({ symbol: "EURUSD", timeframe: "H1" });
});

test("a quote moves price, spread, day change and the age of the market", () => {
  receive(quote(1.06, "2017-01-03T10:05:00.000Z"));
  const { quotes, eventAt } = store.getState().market;
  expect(quotes.EURUSD).toMatchObject({ bid: 1.06, move: 1, at: 2000 });
  expect(quotes.EURUSD?.spread_pips).toBeCloseTo(2);
  expect(quotes.EURUSD?.change_day).toBeCloseTo(1.06 / (1.05 / 1.01) - 1);
  expect(eventAt).toBe(2000);
});

test("an alert is put before the older ones, once", () => {
  const alert = { id: "9", time: "2017-01-03T10:05:00.000Z", urgent: false, kind: "drift", text: "m-1" } as const;
  const older = { ...alert, id: "7", kind: "regime" } as const;
  store.dispatch(snapshotReceived({ snapshot: buildSnapshot({ alerts: [older] }), at: 1500 }));
  receive({ kind: "alert", alert }, { kind: "alert", alert });
  expect(store.getState().trading.alerts).toEqual([alert, older]);
});

test("the age of the market counts from before the snapshot", () => {
  expect(store.getState().market.eventAt).toBe(960);
});

test("a quote moves the last candle, and begins a new one beyond its span", () => {
  loadHour();
  receive(quote(1.07, "2017-01-03T10:30:00.000Z"), quote(1.03, "2017-01-03T10:59:59.999Z"));
  expect(store.getState().chart.bars.at(-1)).toMatchObject({
    open: 1.05,
    high: 1.07,
    low: 1.03,
    close: 1.03,
  });
  receive(quote(1.02, "2017-01-03T11:00:00.000Z"));
  const { bars, times } = store.getState().chart;
  expect(bars.at(-1)).toMatchObject({ time: 1483441200, open: 1.02, close: 1.02, forming: true });
  expect(times).toEqual([1483434000, 1483437600, 1483441200]);
});

test("the platform's own bar wins over the one made of quotes", () => {
  loadHour();
  const bar = { ...buildBar(1483437600, 1.044), high: 1.08 };
  receive({ kind: "bar", symbol: "EURUSD", timeframe: "H1", bar, forming: false });
  expect(store.getState().chart.bars.at(-1)).toEqual(bar);
  receive({ kind: "bar", symbol: "EURUSD", timeframe: "M5", bar: buildBar(1, 9), forming: true });
  expect(store.getState().chart.bars).toHaveLength(2);
});

test("another symbol shows none of the old one's bars, nor an answer that comes late", () => {
  loadHour();
  store.dispatch(selectSymbol("XAUUSD"));
  expect(store.getState().chart.bars).toEqual([]);
  loadHour();
  expect(store.getState().chart.bars).toEqual([]);
});

test("decisions stand the newest first, each once, the later copy", () => {
  const denied = buildDecision("1", { outcome: "denied", denied_by: "spread" });
  const newer = buildDecision("10", { time: "2017-01-03T11:00:00.000Z" });
  receive({ kind: "decision", decision: newer }, { kind: "decision", decision: denied });
  const { items } = store.getState().decisions;
  expect(items.map((each) => [each.id, each.outcome])).toEqual([
    ["10", "abstain"],
    ["1", "denied"],
  ]);
});

test("each kind of decision goes on where it was read to, at the latest where all are kept", () => {
  const before = () => store.getState().decisions.before;
  expect(before()).toMatchObject({ all: null, enter: null });
  const wish = { filter: "hold", before: null } as const;
  const held = buildDecision("0", { outcome: "hold" });
  store.dispatch(loadOlder.fulfilled({ decisions: [held], next: "0" }, "", wish));
  expect(before()).toMatchObject({ all: null, hold: "0" });
  const many = Array.from({ length: 700 }, (_, index) => buildDecision(String(index + 2)));
  receive(...many.map((decision): Change => ({ kind: "decision", decision })));
  expect(store.getState().decisions.items).toHaveLength(600);
  expect(before()).toMatchObject({ all: "102", enter: "102", hold: "0" });
});

test("an order changes in its place", () => {
  receive({ kind: "order", order: buildOrder("k") });
  receive({ kind: "order", order: buildOrder("k", { state: "filled", filled: 1 }) });
  expect(store.getState().trading.orders.map((each) => each.state)).toEqual(["filled"]);
});

test("the equity curve grows, and its newest point may be corrected", () => {
  const point = (time: number, equity: number): Change => ({
    kind: "equity",
    point: { time, equity, balance: 100, drawdown: 0 },
  });
  receive(point(10, 1), point(20, 2), point(20, 3), point(5, 9));
  expect(store.getState().account.equity.map((each) => each.equity)).toEqual([1, 3]);
});

test("the halt shows what the platform confirmed, and the question closes", () => {
  store.dispatch(haltAsked("engage"));
  const halt = { engaged: true, reason: "odd prices", by: "page", since: null };
  store.dispatch(switchTrading.fulfilled(halt, "", { engaged: true, reason: "odd prices" }));
  expect(store.getState().halt).toMatchObject({ halt, asked: null });
});

test("a refused switch keeps the question open with what went wrong", () => {
  store.dispatch(haltAsked("engage"));
  const problem = { code: "busy", message: "no answer", remedy: "see the logs" };
  const asked = { engaged: true, reason: "x" };
  store.dispatch(switchTrading.rejected(null, "", asked, problem));
  const { halt } = store.getState();
  expect(halt).toMatchObject({ asked: "engage", status: "failed", problem });
  expect(halt.halt?.engaged).toBe(false);
});
