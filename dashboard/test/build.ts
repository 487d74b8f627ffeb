import type { Bar, Decision, Order, Snapshot } from "../src/api/types";

export function buildBar(time: number, close: number, forming = false): Bar {
  const prices = { open: close, high: close, low: close, close };
  return { time, ...prices, spread: 0.0001, volume: null, forming };
}

export function buildDecision(id: string, changes: Partial<Decision> = {}): Decision {
  return {
    id,
    time: "2017-01-03T10:00:00.000Z",
    symbol: "EURUSD",
    timeframe: "H1",
    strategy: "ai",
    outcome: "abstain",
    side: "flat",
    lots: 0,
    probability: 0.55,
    lower: 0.5,
    upper: 0.6,
    cost: 1,
    expected: -0.5,
    reasons: [{ code: "edge", text: "no edge" }],
    denied_by: null,
    ...changes,
  };
}

export function buildOrder(key: string, changes: Partial<Order> = {}): Order {
  const prices = { price: null, stop: null, target: null };
  return {
    key,
    parent: null,
    time: "2017-01-03T10:00:00.000Z",
    symbol: "EURUSD",
    type: "market",
    side: "long",
    lots: 1,
    filled: 0,
    ...prices,
    state: "submitted",
    reason: "",
    changes: 0,
    ...changes,
  };
}

export function buildSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  const symbol = { symbol: "EURUSD", digits: 5, pip: 0.0001, bid: 1.05, ask: 1.0501 };
  return {
    seq: 1,
    time: "2017-01-03T10:00:00.000Z",
    feed: {
      source: "sample",
      state: "live",
      age_ms: 40,
      speed: 1,
      events: 10,
      events_per_second: 5,
    },
    symbols: [{ ...symbol, spread_pips: 1, time: "2017-01-03T10:00:00.000Z", change_day: 0.01 }],
    account: {
      tenant: "local",
      account: "paper",
      currency: "USD",
      currency_digits: 2,
      balance: 100,
      equity: 100,
      margin: 0,
      margin_level: null,
      day_profit: 0,
      drawdown: 0,
      peak: 100,
      entries_halted: [],
    },
    limits: [],
    positions: [],
    orders: [],
    fills: [],
    decisions: [buildDecision("1")],
    equity: [],
    halt: { engaged: false, reason: "", by: "", since: null },
    alerts: [],
    ...changes,
  };
}
