import type { Limit } from "../api/types";
import { formatPercent } from "../format/numbers";

const NEAR = 0.75;

/** Draw how much of a limit is used, with the share beside it; nothing where there is none. */
export function UseBar({ limit, label }: { limit: Limit | undefined; label: string }) {
  if (limit === undefined || limit.share === null) {
    return <span className="label">no limit</span>;
  }
  const share = Math.max(0, limit.share);
  const tone = share >= 1 ? "over" : share >= NEAR ? "near" : "";
  return (
    <span className="use">
      <span
        className={`use-bar ${tone}`}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(share * 100))}
      >
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      <span className="num label">{formatPercent(share, 0)}</span>
    </span>
  );
}
