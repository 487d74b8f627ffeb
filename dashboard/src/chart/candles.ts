import type { Bar } from "../api/types";

export const TIMEFRAMES = ["M1", "M5", "M15", "M30", "H1", "H4", "D1"] as const;

const SECONDS: Record<string, number> = {
  S1: 1,
  M1: 60,
  M5: 300,
  M15: 900,
  M30: 1800,
  H1: 3600,
  H4: 14_400,
  D1: 86_400,
};

/** Return a timeframe's length in seconds; 0 where it is unknown. */
export function secondsOf(timeframe: string): number {
  return SECONDS[timeframe] ?? 0;
}

/** Return the timeframe of bars that closed at these times; undefined where none fits. */
export function timeframeOf(times: number[]): string | undefined {
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const least = Math.min(...gaps.filter((gap) => gap > 0));
  return TIMEFRAMES.find((each) => SECONDS[each] === least);
}

/** Put a bar into its place: over the one of the same time, or behind the last. */
export function placeBar(bars: Bar[], bar: Bar): void {
  const last = bars.at(-1);
  if (last === undefined || bar.time > last.time) {
    bars.push(bar);
    return;
  }
  const index = bars.findLastIndex((each) => each.time === bar.time);
  if (index >= 0) bars[index] = bar;
}

/** Move the last bar to a quote's bid; begin a new one where the quote lies beyond its span. */
export function moveToBid(bars: Bar[], timeframe: string, seconds: number, bid: number): void {
  const last = bars.at(-1);
  const span = secondsOf(timeframe);
  if (last === undefined || span === 0 || seconds < last.time) return;
  if (seconds < last.time + span) {
    last.high = Math.max(last.high, bid);
    last.low = Math.min(last.low, bid);
    last.close = bid;
    return;
  }
  if (span > 3600) return; // longer bars turn with the broker's day: the platform sends them
  const time = seconds - (seconds % span);
  const prices = { open: bid, high: bid, low: bid, close: bid };
  bars.push({ time, ...prices, spread: 0, volume: null, forming: true });
}

/** Return the time of the last bar that began at or before a moment; null before the first. */
export function barTimeAt(times: number[], seconds: number): number | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) <= seconds) low = middle + 1;
    else high = middle;
  }
  return times[low - 1] ?? null;
}
