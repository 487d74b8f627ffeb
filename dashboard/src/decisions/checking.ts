import type { RuleCheck } from "../api/types";
import { formatNumber, NONE } from "../format/numbers";

const RELATIONS: Record<NonNullable<RuleCheck["relation"]>, string> = {
  at_most: "\u2264\u00a0",
  below: "<\u00a0",
  at_least: "\u2265\u00a0",
  exactly: "",
  multiple_of: "steps of ",
  permitted_by: "",
};

const VERDICTS: Record<RuleCheck["verdict"], string> = {
  allowed: "\u2713 passed",
  denied: "\u2715 DENIED",
  exempt: "\u2713 exempt: only reduces",
  no_limit: "\u2713 no limit set",
};

function figure(value: number | string, { unit, digits }: RuleCheck): string {
  if (typeof value === "string") return value;
  return `${formatNumber(value, digits)}${unit && ` ${unit}`}`;
}

/** Write what a rule measured, in its unit. */
export function measuredBy(check: RuleCheck): string {
  if (check.value !== null) return figure(check.value, check);
  if (check.relation === null) return NONE; // journalled before figures were
  return check.verdict === "no_limit" ? "not measured" : "not known";
}

/** Write what a rule held its measure against. */
export function limitOf(check: RuleCheck): string {
  if (check.relation === null || check.limit === null) return NONE;
  return `${RELATIONS[check.relation]}${figure(check.limit, check)}`;
}

/** Write a rule's verdict, with a shape beside the word. */
export function verdictOf(check: RuleCheck): string {
  return isNear(check) ? `${VERDICTS.allowed}, near its limit` : VERDICTS[check.verdict];
}

/** Say in a sentence how the rules judged an order; `deniedBy` is the first that denied. */
export function summaryOf(checks: RuleCheck[], deniedBy: string | null): string {
  if (checks.length === 0) return "None: without an order there is nothing to check.";
  const denials = checks.filter((each) => !each.passed).length;
  if (deniedBy === null || denials === 0) {
    return `All ${checks.length} rules let the order pass.`;
  }
  const others = denials === 1 ? "" : ` ${denials} of ${checks.length} rules deny the order.`;
  return `Denied by ${deniedBy}, the first rule that does.${others}`;
}

/** The share of a limit from which a measure is near it. */
export const NEAR = 0.75;

/** Say whether a rule let an order pass, but its limit is near. */
export function isNear({ verdict, relation, value, limit }: RuleCheck): boolean {
  if (verdict !== "allowed" || typeof value !== "number" || typeof limit !== "number") return false;
  if (limit <= 0) return false;
  if (relation === "at_least") return value <= limit / NEAR;
  return (relation === "at_most" || relation === "below") && value >= NEAR * limit;
}

/** Part what a person should see first, denials before what is near its limit, from the rest. */
export function sortChecks(checks: RuleCheck[]): { first: RuleCheck[]; rest: RuleCheck[] } {
  const denials = checks.filter((each) => !each.passed);
  const near = checks.filter(isNear);
  return { first: [...denials, ...near], rest: checks.filter((each) => each.passed && !isNear(each)) };
}
