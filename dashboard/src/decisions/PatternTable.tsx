import type { Pattern, Rate } from "../api/types";
import { formatNumber, formatPercent } from "../format/numbers";

/** Tell how often something came true, with its interval. */
export function rateOf({ share, low, high, count }: Rate): string {
  if (share === null) return "none known";
  const bounds = `${formatNumber(low * 100, 0)} to ${formatNumber(high * 100, 0)}`;
  return `${formatPercent(share, 1)} (${bounds}) of ${formatNumber(count, 0)}`;
}

/** List the patterns that a bar completed, each with what became of its like before. */
export function PatternTable({ patterns }: { patterns: Pattern[] }) {
  return (
    <table className="checks" data-testid="patterns">
      <caption>How often its like came true before, with 95 % interval</caption>
      <thead>
        <tr>
          <th scope="col">pattern, verdict</th>
          <th scope="col" className="num">its own history</th>
          <th scope="col" className="num">nearest shapes</th>
        </tr>
      </thead>
      <tbody>
        {patterns.map((pattern) => (
          <tr key={`${pattern.name} ${pattern.side}`} data-verdict={pattern.verdict}>
            <th scope="row">
              <code>
                {pattern.name} {pattern.side}
              </code>
              <span className="label">
                {pattern.verdict}; any bar: {formatPercent(pattern.chance, 1)}
              </span>
            </th>
            <td className="num">{rateOf(pattern.history)}</td>
            <td className="num">{rateOf(pattern.neighbours)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
