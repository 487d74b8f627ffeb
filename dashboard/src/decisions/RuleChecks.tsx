import type { RuleCheck } from "../api/types";
import { limitOf, measuredBy, summaryOf, verdictOf } from "./checking";

interface RuleChecksProps {
  checks: RuleCheck[];
  deniedBy: string | null;
}

/** List what every risk rule measured of an order, what it held that against, and its verdict. */
export function RuleChecks({ checks, deniedBy }: RuleChecksProps) {
  const summary = summaryOf(checks, deniedBy);
  if (checks.length === 0) return <p className="label">{summary}</p>;
  return (
    <table className="checks" data-testid="rule-checks">
      <caption>{summary}</caption>
      <thead>
        <tr>
          <th scope="col">rule, verdict</th>
          <th scope="col" className="num">measured</th>
          <th scope="col" className="num">limit</th>
        </tr>
      </thead>
      <tbody>
        {checks.map((check) => (
          <tr
            key={check.rule}
            data-rule={check.rule}
            data-verdict={check.verdict}
            className={check.passed ? undefined : "denies"}
          >
            <th scope="row">
              <code>{check.rule}</code>
              <span className={check.passed ? "label" : "loss"}>{verdictOf(check)}</span>
            </th>
            <td className="num">{measuredBy(check)}</td>
            <td className="num">{limitOf(check)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
