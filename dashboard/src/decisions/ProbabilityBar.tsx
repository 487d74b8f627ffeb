import type { Decision } from "../api/types";
import { formatNumber } from "../format/numbers";

const percent = (value: number) => `${Math.min(100, Math.max(0, value * 100))}%`;

interface ProbabilityBarProps {
  side: Decision["side"];
  probability: number;
  lower: number | null;
  upper: number | null;
}

/** Show the calibrated probability that a side is right, with its interval, as text and on a scale from 0 to 1. */
export function ProbabilityBar({ side, probability, lower, upper }: ProbabilityBarProps) {
  const low = lower ?? probability;
  const high = upper ?? probability;
  return (
    <span className="probability">
      <span className="num">
        p{side !== "flat" && ` ${side}`} {formatNumber(probability, 3)}{" "}
        <span className="label">
          {formatNumber(low, 3)}&ndash;{formatNumber(high, 3)}
        </span>
      </span>
      <span className="scale" aria-hidden="true">
        <span className="half" />
        <span className="interval" style={{ left: percent(low), width: percent(high - low) }} />
        <span className="point" style={{ left: percent(probability) }} />
      </span>
      <span
        className="num"
        title="Confidence: the probability's lower bound, by which the expected value is judged"
      >
        <span className="label">conf</span> {formatNumber(low * 100, 0)}&nbsp;%
      </span>
    </span>
  );
}
