import { useEffect, useState } from "react";

import { useDesk } from "../desk/store";

/** Older than this, a price is no longer one to trade on. */
export const STALE_MS = 10_000;
const TICK_MS = 250;

/** Return the page's own milliseconds, renewed four times a second. */
export function useNow(): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export interface Freshness {
  ageMs: number;
  state: "live" | "stale" | "ended" | "lost" | "unknown";
}

/** Return how old the newest market event is, and what that means. */
export function useFreshness(): Freshness {
  const now = useNow();
  const feed = useDesk((state) => state.market.feed);
  const eventAt = useDesk((state) => state.market.eventAt);
  const phase = useDesk((state) => state.connection.phase.name);
  if (feed === null) return { ageMs: 0, state: "unknown" };
  const ageMs = Math.max(0, now - eventAt);
  if (phase !== "live") return { ageMs, state: "lost" };
  if (feed.state === "live" && ageMs > STALE_MS) return { ageMs, state: "stale" };
  return { ageMs, state: feed.state };
}
