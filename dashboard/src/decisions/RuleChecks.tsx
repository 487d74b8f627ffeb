import useMediaQuery from "@mui/material/useMediaQuery";
import { useState } from "react";

import type { RuleCheck } from "../api/types";
import { PHONE_QUERY } from "../theme/palette";
import { isNear, limitOf, measuredBy, sortChecks, summaryOf, verdictOf } from "./checking";

interface RuleChecksProps {
  checks: RuleCheck[];
  deniedBy: string | null;
}

function CheckRow({ check }: { check: RuleCheck }) {
  const tone = check.passed ? (isNear(check) ? "near" : "label") : "loss";
  return (
    <tr
      data-rule={check.rule}
      data-verdict={check.verdict}
      className={check.passed ? undefined : "denies"}
    >
      <th scope="row">
        <code>{check.rule}</code>
        <span className={tone}>{verdictOf(check)}</span>
      </th>
      <td className="num">{measuredBy(check)}</td>
      <td className="num">{limitOf(check)}</td>
    </tr>
  );
}

/**
 * List what every risk rule measured of an order, what it held that against, and its verdict.
 *
 * Denials and what is near its limit come first; a phone shows the others when asked.
 */
export function RuleChecks({ checks, deniedBy }: RuleChecksProps) {
  const isPhone = useMediaQuery(PHONE_QUERY, { noSsr: true });
  const [isOpen, setIsOpen] = useState(false);
  const summary = summaryOf(checks, deniedBy);
  if (checks.length === 0) return <p className="label">{summary}</p>;
  const { first, rest } = sortChecks(checks);
  const shown = isPhone && !isOpen ? first : [...first, ...rest];
  return (
    <>
      <table className="checks" data-testid="rule-checks">
        <caption>{summary}</caption>
        {shown.length > 0 && (
          <thead>
            <tr>
              <th scope="col">rule, verdict</th>
              <th scope="col" className="num">measured</th>
              <th scope="col" className="num">limit</th>
            </tr>
          </thead>
        )}
        <tbody>
          {shown.map((check) => (
            <CheckRow key={check.rule} check={check} />
          ))}
        </tbody>
      </table>
      {isPhone && rest.length > 0 && (
        <button
          type="button"
          className="fold"
          aria-expanded={isOpen}
          data-testid="checks-fold"
          onClick={() => setIsOpen(!isOpen)}
        >
          {isOpen ? "\u25be" : "\u25b8"} {rest.length} rules passed, none near its limit
        </button>
      )}
    </>
  );
}
