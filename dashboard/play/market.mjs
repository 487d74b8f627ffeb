// A seeded market to look at while the page is worked on: no platform, no claim to be real.
const DIGITS = { EURUSD: 5, GBPUSD: 5, USDJPY: 3, XAUUSD: 2 };
const OPENING = { EURUSD: 1.08431, GBPUSD: 1.26718, USDJPY: 149.882, XAUUSD: 2341.55 };
const HOUR = 3600;
const REASONS = {
  enter: [["edge", "expected value 12.40 after costs at the lower bound"], ["size", "a quarter of Kelly, capped at 0.20 lots"]],
  abstain: [["interval_wide", "interval 0.46 to 0.63 holds the break-even 0.52"]],
  denied: [["edge", "expected value 9.10 after costs"], ["spread_too_wide", "spread 3.1 pips is above 2.5"]],
  hold: [["position_open", "the bracket of 09:00 is still open"]],
};

/** Return numbers in [0, 1) that repeat for a seed (mulberry32). */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const iso = (seconds) => new Date(seconds * 1000).toISOString();
const round = (value, digits) => Number(value.toFixed(digits));

export class Market {
  constructor(seed, now) {
    this.random = seeded(seed);
    this.now = now;
    this.seq = 0;
    this.events = 0;
    this.halt = { engaged: false, reason: "", by: "", since: null };
    this.bars = Object.fromEntries(Object.keys(DIGITS).map((symbol) => [symbol, this.walk(symbol)]));
    this.decisions = [];
    this.orders = [];
    this.fills = [];
    this.equity = [];
    this.positions = [];
    for (let i = 60; i > 0; i -= 1) this.decide(now - (now % HOUR) - i * HOUR);
    this.buildEquity();
    this.openPosition();
  }

  walk(symbol) {
    const digits = DIGITS[symbol];
    const scale = OPENING[symbol] * 0.0008;
    let price = OPENING[symbol];
    const first = this.now - (this.now % HOUR) - 499 * HOUR;
    return Array.from({ length: 500 }, (_, i) => {
      const open = price;
      price += (this.random() - 0.5) * 2 * scale;
      const high = Math.max(open, price) + this.random() * scale * 0.6;
      const low = Math.min(open, price) - this.random() * scale * 0.6;
      const prices = [open, high, low, price].map((each) => round(each, digits));
      const [o, h, l, c] = prices;
      return { time: first + i * HOUR, open: o, high: h, low: l, close: c, spread: 0.0001, volume: null, forming: i === 499 };
    });
  }

  decide(seconds) {
    const outcomes = ["abstain", "enter", "hold", "abstain", "denied", "hold", "abstain"];
    const outcome = outcomes[Math.floor(this.random() * outcomes.length)];
    const side = outcome === "abstain" || outcome === "hold" ? "flat" : this.random() < 0.5 ? "long" : "short";
    const probability = round(0.45 + this.random() * 0.22, 3);
    const decision = {
      id: `d${seconds}`, time: iso(seconds), symbol: "EURUSD", timeframe: "H1", strategy: "ai", outcome, side,
      lots: side === "flat" ? 0 : 0.2, probability, lower: round(probability - 0.06, 3), upper: round(probability + 0.06, 3),
      cost: 1.9, expected: round((probability - 0.52) * 120, 2),
      reasons: REASONS[outcome].map(([code, text]) => ({ code, text })),
      denied_by: outcome === "denied" ? "spread_too_wide" : null,
    };
    this.decisions.unshift(decision);
    if (outcome === "enter") this.trade(decision, seconds);
    return decision;
  }

  trade(decision, seconds) {
    const bar = this.bars.EURUSD.findLast((each) => each.time <= seconds) ?? this.bars.EURUSD[0];
    const key = `k${seconds}`;
    const shared = { symbol: "EURUSD", side: decision.side, lots: 0.2 };
    this.orders.unshift({ key, time: iso(seconds), ...shared, type: "market", price: null, stop: bar.close - 0.002, target: bar.close + 0.003, state: "filled", reason: "edge", parent: null, filled: 0.2, changes: 0 });
    this.fills.unshift({ id: `f${seconds}`, order: key, time: iso(seconds), ...shared, price: bar.close, commission: -1.4, profit: 0, kind: "exact", reason: "order" });
    const closed = seconds + 3 * HOUR;
    if (closed < this.now) {
      const back = decision.side === "long" ? "short" : "long";
      this.fills.unshift({ id: `x${seconds}`, order: key, time: iso(closed), symbol: "EURUSD", side: back, lots: 0.2, price: bar.close + 0.001, commission: -1.4, profit: round((this.random() - 0.45) * 80, 2), kind: "exact", reason: "target" });
    }
  }

  buildEquity() {
    let equity = 100000;
    let peak = equity;
    for (let i = 300; i > 0; i -= 1) {
      equity = round(equity + (this.random() - 0.48) * 120, 2);
      peak = Math.max(peak, equity);
      this.equity.push({ time: this.now - (this.now % HOUR) - i * HOUR, equity, balance: round(equity - (this.random() - 0.5) * 60, 2), drawdown: 1 - equity / peak });
    }
    this.peak = peak;
  }

  openPosition() {
    const entry = this.bars.EURUSD.at(-6).close;
    this.positions = [{ symbol: "EURUSD", side: "long", lots: 0.2, entry, price: entry, stop: round(entry - 0.0025, 5), target: round(entry + 0.0035, 5), profit: 0, opened: iso(this.bars.EURUSD.at(-6).time) }];
  }

  account() {
    const profit = this.positions.reduce((sum, each) => sum + each.profit, 0);
    const balance = this.equity.at(-1).balance;
    const equity = round(balance + profit, 2);
    return { tenant: "local", account: "paper", currency: "USD", currency_digits: 2, balance, equity, margin: 433.72, margin_level: equity / 433.72, day_profit: round(profit - 61.2, 2), drawdown: Math.max(0, 1 - equity / this.peak), peak: this.peak, entries_halted: this.paused ? ["all by twin: 2024-03-05 earned -61.75 USD beside its twin, 0.06% of equity (bound 0.05%); most by reject: -61.75"] : [] };
  }

  twin() {
    const days = Array.from({ length: 12 }, (_, i) => {
      const amounts = [["spread", -1.2 * i], ["slippage", -2.4 - i], ["latency", 0.35 * i], ["reject", i % 4 === 3 ? -61.75 : 0], ["conversion", i % 3 ? 0.02 : 0]];
      const causes = amounts.map(([cause, amount]) => ({ cause, amount: round(amount, 2), orders: i }));
      const gap = round(causes.reduce((sum, each) => sum + each.amount, 0), 2);
      const above = Math.abs(gap) / 100000 > 0.0005;
      const day = iso(this.now - (i + 1) * 24 * HOUR);
      return { day: day.slice(0, 10), appraised: day, live: round(120.4 + gap, 2), twin: 120.4, gap, share: Math.abs(gap) / 100000, bound: 0.0005, above, paused: above, causes };
    });
    return { position: this.seq, complete: true, held: this.account().entries_halted.join("; "), days };
  }

  limits() {
    const { day_profit: day, drawdown } = this.account();
    return [
      { name: "daily_loss", value: Math.max(0, -day), limit: 2000, unit: "USD", share: Math.max(0, -day) / 2000, reason_code: "daily_loss" },
      { name: "drawdown", value: round(drawdown * 100, 2), limit: 10, unit: "%", share: drawdown / 0.1, reason_code: "max_drawdown" },
      { name: "exposure", value: 0.2, limit: 1, unit: "lots", share: 0.2, reason_code: "exposure" },
      { name: "spread", value: 1.1, limit: 2.5, unit: "pips", share: 0.44, reason_code: "spread_too_wide" },
      { name: "open_orders", value: 0, limit: null, unit: "", share: null, reason_code: "open_orders" },
    ];
  }

  feed() {
    return { source: "play", state: "live", age_ms: 40, speed: 1, events: this.events, events_per_second: 8 };
  }

  symbols() {
    return Object.entries(DIGITS).map(([symbol, digits]) => {
      const bar = this.bars[symbol].at(-1);
      const pip = 10 ** (1 - digits);
      return { symbol, digits, pip, bid: bar.close, ask: round(bar.close + 1.1 * pip, digits), spread_pips: 1.1, time: iso(this.now), change_day: bar.close / this.bars[symbol].at(-24).open - 1 };
    });
  }

  snapshot() {
    return {
      seq: this.seq, time: iso(this.now), feed: this.feed(), symbols: this.symbols(), account: this.account(),
      limits: this.limits(), positions: this.positions, orders: this.orders, fills: this.fills, alerts: [],
      decisions: this.decisions.slice(0, 50), equity: this.equity, halt: this.halt,
    };
  }

  /** Move every price once and return the changes. */
  step() {
    this.now += 1;
    this.events += 4;
    const changes = Object.keys(DIGITS).map((symbol) => this.move(symbol));
    const bar = this.bars.EURUSD.at(-1);
    const [position] = this.positions;
    position.price = bar.close;
    position.profit = round((bar.close - position.entry) * 20000, 2);
    changes.push({ kind: "bar", symbol: "EURUSD", timeframe: "H1", bar, forming: true });
    changes.push({ kind: "positions", positions: this.positions }, { kind: "account", account: this.account() });
    changes.push({ kind: "limits", limits: this.limits() }, { kind: "feed", feed: this.feed() });
    if (this.random() < 0.05) changes.push({ kind: "decision", decision: this.decide(this.now) });
    return changes;
  }

  move(symbol) {
    const digits = DIGITS[symbol];
    const bar = this.bars[symbol].at(-1);
    bar.close = round(bar.close + (this.random() - 0.5) * OPENING[symbol] * 0.0001, digits);
    bar.high = Math.max(bar.high, bar.close);
    bar.low = Math.min(bar.low, bar.close);
    return { kind: "quote", symbol, bid: bar.close, ask: round(bar.close + 1.1 * 10 ** (1 - digits), digits), time: iso(this.now) };
  }
}
