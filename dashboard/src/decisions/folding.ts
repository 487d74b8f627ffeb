import type { Decision } from "../api/types";

/** A row of the feed: a decision, and those before it of its symbol that say the same. */
export interface Fold {
  decision: Decision;
  /** The newest first, without the decision itself. */
  alike: Decision[];
}

/** What two decisions in a row must share to be one row; null for one that stands alone. */
function causeOf({ outcome, denied_by, reasons }: Decision): string | null {
  if (outcome === "denied") return `denied ${denied_by}`;
  return outcome === "abstain" || outcome === "hold" ? `${outcome} ${reasons.at(-1)?.code}` : null;
}

/**
 * Fold what a symbol did not do in a row for one reason into the newest decision of it.
 *
 * Decisions come the newest first, those of several symbols mixed.
 */
export function foldAlike(decisions: Decision[]): Fold[] {
  const folds: Fold[] = [];
  const latest = new Map<string, Fold>();
  for (const decision of decisions) {
    const last = latest.get(decision.symbol);
    const cause = causeOf(decision);
    if (last && cause !== null && causeOf(last.decision) === cause) {
      last.alike.push(decision);
      continue;
    }
    const fold = { decision, alike: [] };
    folds.push(fold);
    latest.set(decision.symbol, fold);
  }
  return folds;
}
