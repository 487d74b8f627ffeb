import type { Order } from "../api/types";
import { formatNumber } from "../format/numbers";

const DONE: ReadonlySet<Order["state"]> = new Set([
  "filled",
  "cancelled",
  "expired",
  "rejected",
  "denied",
]);

const WORDS: Partial<Record<Order["state"], string>> = {
  accepted: "at the broker",
  unknown: "UNKNOWN: being looked up",
  working: "sent in parts",
  cancelling: "asked to cancel",
};

/** Say whether an order may still fill. */
export function isOpen(order: Order): boolean {
  return !DONE.has(order.state);
}

/** Write where an order stands, with how much of it is filled where that is not all or nothing. */
export function stateOf({ state, filled, lots, changes }: Order): string {
  const word = WORDS[state] ?? state.replace("_", " ");
  const part = `filled ${formatNumber(filled, 2)} of ${formatNumber(lots, 2)}`;
  const isPart = filled > 0 && filled < lots;
  const where = state === "partly_filled" ? part : isPart ? `${word}, ${part}` : word;
  return `${where}${changes > 0 ? `, changed${changes > 1 ? ` ${changes}\u00d7` : ""}` : ""}`;
}

/** Put the parts of an order right behind it; one whose order is not there stands by itself. */
export function gatherParts(orders: Order[]): Order[] {
  const known = new Set(orders.map((order) => order.key));
  const parts = new Map<string, Order[]>();
  const whole: Order[] = [];
  for (const order of orders) {
    if (order.parent === null || !known.has(order.parent)) whole.push(order);
    else parts.set(order.parent, [...(parts.get(order.parent) ?? []), order]);
  }
  return whole.flatMap((order) => [order, ...(parts.get(order.key) ?? [])]);
}
