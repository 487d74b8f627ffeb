import { expect, test } from "vitest";

import type { RuleCheck } from "../src/api/types";
import { limitOf, measuredBy, sortChecks, summaryOf, verdictOf } from "../src/decisions/checking";

function check(changes: Partial<RuleCheck>): RuleCheck {
  const figures = { relation: "at_most" as const, value: 1.1, limit: 2.5, unit: "pips", digits: 1 };
  return { rule: "spread_too_wide", verdict: "allowed", ...figures, passed: true, ...changes };
}

const read = (each: RuleCheck) => [measuredBy(each), limitOf(each), verdictOf(each)];

test("a check tells measure, limit and verdict in the rule's unit", () => {
  expect(read(check({}))).toEqual(["1.1 pips", "\u2264\u00a02.5 pips", "\u2713 passed"]);
  const lost = { relation: "below" as const, value: 5012.5, limit: 5000, unit: "USD", digits: 2 };
  expect(read(check({ ...lost, verdict: "denied", passed: false }))).toEqual([
    "5,012.50 USD",
    "<\u00a05,000.00 USD",
    "\u2715 DENIED",
  ]);
});

test("words stand as they are, without a unit", () => {
  const session = { relation: "exactly" as const, value: "closed", limit: "open", unit: "" };
  expect(read(check({ ...session, digits: 0, verdict: "exempt" }))).toEqual([
    "closed",
    "open",
    "\u2713 exempt: only reduces",
  ]);
});

test("what has no figure says why", () => {
  expect(read(check({ verdict: "no_limit", value: null, limit: null }))).toEqual([
    "not measured",
    "\u2013",
    "\u2713 no limit set",
  ]);
  expect(measuredBy(check({ verdict: "denied", value: null }))).toBe("not known");
  expect(measuredBy(check({ relation: null, value: null, limit: null }))).toBe("\u2013");
});

test("a sentence says how the rules judged", () => {
  const denied = check({ verdict: "denied", passed: false });
  expect(summaryOf([], null)).toContain("nothing to check");
  expect(summaryOf([check({}), check({})], null)).toBe("All 2 rules let the order pass.");
  expect(summaryOf([check({}), denied], "margin")).toBe("Denied by margin, the first rule that does.");
  expect(summaryOf([denied, denied], "margin")).toContain("2 of 2 rules deny the order.");
});

test("denials come first, then what is near its limit, and a phone folds the rest", () => {
  const far = check({ rule: "far" });
  const near = check({ rule: "near", value: 2 });
  const level = check({ rule: "level", relation: "at_least", value: 120, limit: 100 });
  const denied = check({ rule: "denied", verdict: "denied", passed: false });
  const unset = check({ rule: "unset", verdict: "no_limit", value: null, limit: null });
  const { first, rest } = sortChecks([far, near, unset, level, denied]);
  expect(first.map((each) => each.rule)).toEqual(["denied", "near", "level"]);
  expect(rest.map((each) => each.rule)).toEqual(["far", "unset"]);
  expect(verdictOf(near)).toBe("\u2713 passed, near its limit");
});
