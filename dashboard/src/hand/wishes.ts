import type { FlatWish, OrderWish } from "../api/types";

export const TYPES = ["market", "limit", "stop"] as const;

/** What a person is asked about. */
export type Asked =
  | { what: "order"; symbol: string }
  | { what: "close"; symbol: string }
  | { what: "cancel"; symbol: string; key: string }
  | { what: "flatten" };

/** An order as it is typed; empty texts are left out. */
export interface Draft {
  side: "buy" | "sell";
  type: (typeof TYPES)[number];
  lots: string;
  price: string;
  stop: string;
  target: string;
}

export const EMPTY_DRAFT: Draft = {
  side: "buy",
  type: "market",
  lots: "",
  price: "",
  stop: "",
  target: "",
};

/** Return a text as a number above 0, or null. */
export function positiveOf(text: string): number | null {
  const value = Number(text.trim());
  return text.trim() !== "" && Number.isFinite(value) && value > 0 ? value : null;
}

/** Say whether enough is typed to ask for; what a rule denies, the platform says. */
export function isWhole(asked: Asked, draft: Draft): boolean {
  if (asked.what !== "order") return true;
  const priced = draft.type === "market" || positiveOf(draft.price) !== null;
  return positiveOf(draft.lots) !== null && priced;
}

/** Return what the platform is asked for. */
export function wishOf(asked: Asked, draft: Draft, reason: string): OrderWish | FlatWish {
  if (asked.what === "flatten") return { reason };
  const { symbol } = asked;
  if (asked.what === "close") return { order: { action: "close", symbol }, reason };
  if (asked.what === "cancel") return { order: { action: "cancel", symbol, key: asked.key }, reason };
  const lots = (draft.side === "sell" ? "-" : "") + draft.lots.trim();
  const price = draft.type === "market" ? "" : draft.price.trim();
  const [stop, target] = [draft.stop.trim(), draft.target.trim()];
  return { order: { action: draft.type, symbol, lots, price, stop, target }, reason };
}

/** Return how far a price is from where an order would fill, in pips; null where one is unknown. */
export function pipsAway(text: string, entry: number | null, pip: number): number | null {
  const price = positiveOf(text);
  return price === null || entry === null || pip <= 0 ? null : Math.abs(price - entry) / pip;
}
