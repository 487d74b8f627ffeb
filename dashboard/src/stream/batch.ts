import type { Change } from "../api/types";

/** Say which earlier change a newer one replaces; null where each one counts. */
function replacementKey(change: Change): string | null {
  switch (change.kind) {
    case "quote":
      return `quote ${change.symbol}`;
    case "bar":
      return `bar ${change.symbol} ${change.timeframe} ${change.bar.time}`;
    case "account":
    case "feed":
    case "halt":
    case "limits":
    case "positions":
      return change.kind;
    default:
      return null;
  }
}

/** Leave out the changes that a later one replaces; decisions, orders and fills all stay. */
export function coalesce(changes: Change[]): Change[] {
  const seen = new Set<string>();
  const kept: Change[] = [];
  for (let i = changes.length - 1; i >= 0; i -= 1) {
    const change = changes[i];
    if (change === undefined) continue;
    const key = replacementKey(change);
    if (key !== null && seen.has(key)) continue;
    if (key !== null) seen.add(key);
    kept.push(change);
  }
  return kept.reverse();
}
