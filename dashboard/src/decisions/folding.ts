import type { Decision } from "../api/types";

/** A row of the feed: a decision, and the abstentions before it that say the same. */
export interface Fold {
  decision: Decision;
  /** The newest first, without the decision itself. */
  alike: Decision[];
}

const causeOf = (decision: Decision) => decision.reasons.at(-1)?.code;

/**
 * Fold a symbol's abstentions in a row for one reason into the newest of them.
 *
 * Decisions come the newest first, those of several symbols mixed.
 */
export function foldAlike(decisions: Decision[]): Fold[] {
  const folds: Fold[] = [];
  const latest = new Map<string, Fold>();
  for (const decision of decisions) {
    const last = latest.get(decision.symbol);
    if (
      last?.decision.outcome === "abstain" &&
      decision.outcome === "abstain" &&
      causeOf(last.decision) === causeOf(decision)
    ) {
      last.alike.push(decision);
      continue;
    }
    const fold = { decision, alike: [] };
    folds.push(fold);
    latest.set(decision.symbol, fold);
  }
  return folds;
}
