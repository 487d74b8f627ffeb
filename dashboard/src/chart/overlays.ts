import type { Decision, EquityPoint, Fill, Position } from "../api/types";
import { formatNumber } from "../format/numbers";
import { barTimeAt } from "./candles";

export interface Mark {
  time: number;
  side: Fill["side"];
  closes: boolean;
}

export interface Level {
  kind: "entry" | "stop" | "target";
  price: number;
  title: string;
}

export interface Band {
  lower: Point[];
  value: Point[];
  upper: Point[];
}

export interface Point {
  time: number;
  value: number;
}

const LOTS_LEAST = 1e-6;

function secondsOfTime(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}

/** Return what is held of a symbol, in lots: above 0 long, below 0 short. */
export function heldOf(positions: Position[], symbol: string): number {
  return positions.reduce((sum, each) => {
    if (each.symbol !== symbol) return sum;
    return sum + (each.side === "short" ? -each.lots : each.lots);
  }, 0);
}

/**
 * Return the marks of a symbol's fills on its bars, the oldest first.
 *
 * Fills come the newest first; walking back from what is held now tells which ones left a position
 * in their own direction (entries, reversals too) and which ones only closed.
 */
export function marksOf(fills: Fill[], symbol: string, times: number[], held: number): Mark[] {
  const marks: Mark[] = [];
  let after = held;
  for (const fill of fills) {
    if (fill.symbol !== symbol) continue;
    const signed = fill.side === "short" ? -fill.lots : fill.lots;
    const closes = after * signed < LOTS_LEAST * LOTS_LEAST;
    after -= signed;
    const time = barTimeAt(times, secondsOfTime(fill.time));
    if (time !== null) marks.push({ time, side: fill.side, closes });
  }
  return marks.reverse().sort((a, b) => a.time - b.time);
}

/** Return entry, stop and target of a symbol's open positions. */
export function levelsOf(positions: Position[], symbol: string): Level[] {
  return positions.flatMap((position) => {
    if (position.symbol !== symbol) return [];
    const name = `${position.side} ${formatNumber(position.lots, 2)}`;
    const levels: Level[] = [{ kind: "entry", price: position.entry, title: name }];
    if (position.stop !== null) {
      levels.push({ kind: "stop", price: position.stop, title: "stop" });
    }
    if (position.target !== null) {
      levels.push({ kind: "target", price: position.target, title: "target" });
    }
    return levels;
  });
}

/** Return the probability of a rise, as decisions of a symbol saw it, at their bars. */
export function bandOf(decisions: Decision[], symbol: string, times: number[]): Band {
  const byTime = new Map<number, { lower: number; value: number; upper: number }>();
  for (const decision of decisions) {
    const { probability } = decision;
    if (decision.symbol !== symbol || probability === null) continue;
    const time = barTimeAt(times, secondsOfTime(decision.time));
    if (time === null || byTime.has(time)) continue; // decisions come the newest first
    const lower = decision.lower ?? probability;
    const upper = decision.upper ?? probability;
    byTime.set(
      time,
      decision.side === "short" // told of the fall
        ? { lower: 1 - upper, value: 1 - probability, upper: 1 - lower }
        : { lower, value: probability, upper },
    );
  }
  const decided = [...byTime.keys()].sort((a, b) => a - b);
  const pick = (name: "lower" | "value" | "upper") =>
    decided.map((time): Point => ({ time, value: byTime.get(time)?.[name] ?? 0 }));
  return { lower: pick("lower"), value: pick("value"), upper: pick("upper") };
}

/** Return the deepest drawdown within each bar, in percent below zero. */
export function drawdownOf(equity: EquityPoint[], times: number[]): Point[] {
  const deepest = new Map<number, number>();
  for (const point of equity) {
    const time = barTimeAt(times, point.time);
    if (time === null) continue;
    const value = 0 - 100 * point.drawdown;
    deepest.set(time, Math.min(value, deepest.get(time) ?? 0));
  }
  return [...deepest].map(([time, value]) => ({ time, value }));
}
