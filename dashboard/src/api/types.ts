// Made from src/assay/apps/gateway/views.py by `python -m tools.generate_page_types`.

/** Carry the account's worth. */
export interface AccountChange {
  kind: "account";
  account: AccountView;
}

/** Hold an account's worth, and who holds entries back; `drawdown` is a fraction of the peak. */
export interface AccountView {
  tenant: string;
  account: string;
  currency: string;
  currency_digits: number;
  balance: number;
  equity: number;
  margin: number;
  margin_level: number | null;
  day_profit: number;
  drawdown: number;
  peak: number;
  entries_halted: string[];
}

/** Hold what was found beside the trading, a limit reached, or an alarm, in words. */
export interface Alert {
  id: string;
  time: string;
  kind: "account" | "correlation" | "drift" | "regime" | "risk" | "source";
  text: string;
  urgent: boolean;
}

/** Carry a new alert. */
export interface AlertChange {
  kind: "alert";
  alert: Alert;
}

/** Name the audit entry of a decision. */
export interface AuditRef {
  entry: number;
  hash: string;
}

/** Hold one bar of bid prices; `spread` is in price at its close. */
export interface Bar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  spread: number;
  volume: number | null;
  forming: boolean;
}

/** Carry a bar that closed or goes on forming. */
export interface BarChange {
  kind: "bar";
  symbol: string;
  timeframe: string;
  bar: Bar;
  forming: boolean;
}

/** Answer GET /api/bars. */
export interface BarsPage {
  symbol: string;
  timeframe: string;
  digits: number;
  bars: Bar[];
}

/** Hold an order as a person writes it: lots, prices, and the names of docs/orders.md. */
export interface ByHand {
  action: string;
  symbol: string;
  lots?: string;
  price?: string;
  limit?: string;
  distance?: string;
  stop?: string;
  target?: string;
  shown?: string;
  time_in_force?: string;
  expires?: number;
  slices?: number;
  every?: number;
  key?: string;
}

/** Hold the result at mid prices, what was paid, and for what; a positive swap is a gain. */
export interface Costs {
  market: number;
  spread_cost: number;
  slippage_cost: number;
  commission: number;
  swap: number;
  paid: number;
}

/** Hold how a part went: deepest fall of its net result, Sharpe ratio, share of time held. */
export interface Course {
  drawdown: number;
  sharpe: Figure;
  held: number | null;
  points: NetPoint[];
}

/** Hold what was decided, how sure, at what cost, and why; `denied_by` is a rule's code. */
export interface Decision {
  id: string;
  time: string;
  symbol: string;
  timeframe: string;
  strategy: string;
  outcome: "abstain" | "change" | "denied" | "enter" | "exit" | "hold";
  side: "flat" | "long" | "short";
  lots: number;
  probability: number | null;
  lower: number | null;
  upper: number | null;
  cost: number | null;
  expected: number | null;
  reasons: Reason[];
  denied_by: string | null;
}

/** Carry a new decision, or one that was denied since. */
export interface DecisionChange {
  kind: "decision";
  decision: Decision;
}

/** Hold a decision with all that belongs to it. */
export interface DecisionDetail {
  id: string;
  time: string;
  symbol: string;
  timeframe: string;
  strategy: string;
  outcome: "abstain" | "change" | "denied" | "enter" | "exit" | "hold";
  side: "flat" | "long" | "short";
  lots: number;
  probability: number | null;
  lower: number | null;
  upper: number | null;
  cost: number | null;
  expected: number | null;
  reasons: Reason[];
  denied_by: string | null;
  inputs: DecisionInput[];
  checks: RuleCheck[];
  patterns: Pattern[];
  order: Order | null;
  parts: Order[];
  fills: Fill[];
  audit: AuditRef | null;
}

/** Hold one number or word that a decision was made from. */
export interface DecisionInput {
  name: string;
  value: number | string;
}

/** Answer GET /api/decisions, the newest first; `next` is the `before` of the next page. */
export interface DecisionsPage {
  decisions: Decision[];
  next: string | null;
}

/** Carry what changed since the message before; empty as a heartbeat. */
export interface DeltaMessage {
  type: "delta";
  seq: number;
  data: Change[];
}

/** Tell what came of a wish. */
export interface Done {
  text: string;
}

/** Hold how entries came out against the probability that they were made with. */
export interface EntryScore {
  entries: number;
  said: number;
  came: number;
  brier: number;
  log_loss: number;
  bins: ScoreBin[];
}

/** Carry the newest point of the equity curve. */
export interface EquityChange {
  kind: "equity";
  point: EquityPoint;
}

/** Answer GET /api/equity, the oldest first. */
export interface EquityPage {
  points: EquityPoint[];
}

/** Hold an account's worth at the close of a bar. */
export interface EquityPoint {
  time: number;
  equity: number;
  balance: number;
  drawdown: number;
}

/** Hold the shares of the time in which something was held, long, short. */
export interface Exposure {
  held: number;
  long: number;
  short: number;
}

/** Say how fresh the market is: `age_ms` since the last event, `speed` None for max. */
export interface Feed {
  source: string;
  state: "ended" | "live" | "lost" | "stale";
  age_ms: number;
  speed: number | null;
  events: number;
  events_per_second: number;
}

/** Carry the freshness of the market. */
export interface FeedChange {
  kind: "feed";
  feed: Feed;
}

/** Hold a figure with its 95 % interval; None where it is undefined or the days are too few. */
export interface Figure {
  value: number | null;
  lower: number | null;
  upper: number | null;
}

/** Hold one execution; `order` is its order's key. */
export interface Fill {
  id: string;
  order: string;
  time: string;
  symbol: string;
  side: "flat" | "long" | "short";
  lots: number;
  price: number;
  commission: number;
  profit: number;
  kind: string;
  reason: string;
}

/** Carry an execution. */
export interface FillChange {
  kind: "fill";
  fill: Fill;
}

/** Answer GET /api/fills, the newest first. */
export interface FillsPage {
  fills: Fill[];
}

/** Ask for everything to be closed, or one instrument, and say why. */
export interface FlatWish {
  reason: string;
  symbol?: string;
}

/** Hold the state of the kill switch. */
export interface Halt {
  engaged: boolean;
  reason: string;
  by: string;
  since: string | null;
}

/** Carry the state of the kill switch. */
export interface HaltChange {
  kind: "halt";
  halt: Halt;
}

/** Ask to engage the kill switch, or to release it; `lifts` is the reason of the halt shown. */
export interface KillSwitch {
  engaged: boolean;
  reason: string;
  lifts?: string;
}

/** Hold how much of a risk limit is used; `share` is value / limit, None where there is none. */
export interface Limit {
  name: string;
  value: number;
  limit: number | null;
  unit: string;
  share: number | null;
  reason_code: string;
}

/** Carry how far the limits are used. */
export interface LimitsChange {
  kind: "limits";
  limits: Limit[];
}

/** Hold the net result of all trades closed until a time. */
export interface NetPoint {
  time: number;
  net: number;
}

/** Hold an order and what became of it: `filled` of `lots`, `changes` to it since it was sent. */
export interface Order {
  key: string;
  parent: string | null;
  time: string;
  symbol: string;
  type: string;
  side: "flat" | "long" | "short";
  lots: number;
  filled: number;
  price: number | null;
  stop: number | null;
  target: number | null;
  state: "accepted" | "cancelled" | "cancelling" | "denied" | "expired" | "filled" | "partly_filled" | "rejected" | "submitted" | "unknown" | "working";
  reason: string;
  changes: number;
}

/** Carry an order in its new state. */
export interface OrderChange {
  kind: "order";
  order: Order;
}

/** Ask for an order, in the words of `assay order`, and say why. */
export interface OrderWish {
  order: ByHand;
  reason: string;
}

/** Hold a pattern that a bar completed, and what was known of its like at the close. */
export interface Pattern {
  name: string;
  side: "flat" | "long" | "short";
  verdict: "confirmed" | "not confirmed" | "unknown";
  confidence: number | null;
  chance: number;
  history: Rate;
  neighbours: Rate;
}

/** Hold what an account came to so far, money in its currency, shares as fractions. */
export interface Performance {
  account: string;
  currency: string;
  strategy: string;
  from: string | null;
  to: string | null;
  days: number;
  cash: number;
  equity: number;
  net: number;
  trades: number;
  wins: number;
  losses: number;
  win_rate: number | null;
  profit_factor: number | null;
  expectancy: number | null;
  average_win: number | null;
  average_loss: number | null;
  max_drawdown: number;
  sharpe: number | null;
  ratios: Ratios;
  exposure: Exposure | null;
  costs: Costs;
  decisions: EntryScore | null;
  by: string;
  parts: PerformancePart[];
}

/** Answer GET /api/performance: figures up to the journal's place `position`. */
export interface PerformancePage {
  position: number;
  complete: boolean;
  now: Performance;
}

/** Hold what the trades of one symbol, strategy, model, side, hour or day came to. */
export interface PerformancePart {
  name: string;
  trades: number;
  net: number;
  costs: number;
  win_rate: number | null;
  profit_factor: number | null;
  expectancy: number | null;
  course: Course | null;
}

/** Hold an open position at its last price; `opened` is None where that was long ago. */
export interface Position {
  symbol: string;
  side: "flat" | "long" | "short";
  lots: number;
  entry: number;
  price: number;
  stop: number | null;
  target: number | null;
  profit: number;
  opened: string | null;
}

/** Carry all open positions. */
export interface PositionsChange {
  kind: "positions";
  positions: Position[];
}

/** Say what went wrong and what to do about it. */
export interface Problem {
  code: string;
  message: string;
  remedy: string;
}

/** Carry a new quote. */
export interface QuoteChange {
  kind: "quote";
  symbol: string;
  bid: number;
  ask: number;
  time: string;
}

/** Say how often something came true, with its 95 % interval; `share` is None of nothing. */
export interface Rate {
  share: number | null;
  low: number;
  high: number;
  count: number;
}

/** Hold ratios of daily returns, a year. */
export interface Ratios {
  annual_return: Figure;
  volatility: Figure;
  sharpe: Figure;
  sortino: Figure;
  calmar: Figure;
}

/** Hold one link of the chain that led to a decision. */
export interface Reason {
  code: string;
  text: string;
}

/** Ask for a snapshot because a number was missing. */
export interface ResyncMessage {
  type: "resync";
}

/** Hold what a risk rule measured of an order and held it against, in `unit`. */
export interface RuleCheck {
  rule: string;
  verdict: "allowed" | "denied" | "exempt" | "no_limit";
  relation: "at_least" | "at_most" | "below" | "exactly" | "multiple_of" | "permitted_by" | null;
  value: number | string | null;
  limit: number | string | null;
  unit: string;
  digits: number;
  passed: boolean;
}

/** Hold the entries between two probabilities: how many, what they said, what came. */
export interface ScoreBin {
  lower: number;
  upper: number;
  entries: number;
  said: number;
  came: number;
}

/** Name the account on show and what trades it. */
export interface SessionView {
  tenant: string;
  account: string;
  version: string;
  source: string;
  strategy: string;
  model: string | null;
}

/** Hold everything the page opens with; `seq` is the number of the stream's message. */
export interface Snapshot {
  seq: number;
  time: string;
  feed: Feed;
  symbols: SymbolView[];
  account: AccountView;
  limits: Limit[];
  positions: Position[];
  orders: Order[];
  fills: Fill[];
  decisions: Decision[];
  equity: EquityPoint[];
  halt: Halt;
  alerts: Alert[];
}

/** Open a stream, or answer a resync. */
export interface SnapshotMessage {
  type: "snapshot";
  seq: number;
  data: Snapshot;
}

/** Hold a symbol's last quote; `change_day` is a fraction since the day's first price. */
export interface SymbolView {
  symbol: string;
  digits: number;
  pip: number;
  bid: number;
  ask: number;
  spread_pips: number;
  time: string;
  change_day: number;
}

/** Hold what one cause made of a day's gap, and how many orders it touched. */
export interface TwinCause {
  cause: string;
  amount: number;
  orders: number;
}

/** Hold what the account earned on a day beside the same day run again, and why. */
export interface TwinDay {
  day: string;
  appraised: string;
  live: number;
  twin: number;
  gap: number;
  share: number;
  bound: number;
  above: boolean;
  paused: boolean;
  causes: TwinCause[];
}

/** Answer GET /api/twin: the last appraised days, the newest first. */
export interface TwinPage {
  position: number;
  complete: boolean;
  held: string;
  days: TwinDay[];
}

export type Change = AccountChange | AlertChange | BarChange | DecisionChange | EquityChange | FeedChange | FillChange | HaltChange | LimitsChange | OrderChange | PositionsChange | QuoteChange;

export type StreamMessage = DeltaMessage | SnapshotMessage;
