import type { Bar } from "../api/types";
import { formatNumber } from "../format/numbers";
import { formatMoment } from "../format/times";

/** How many of the newest bars the table holds. */
export const TABLE_ROWS = 100;
const HEADS = ["open", "high", "low", "close"] as const;

/** Give the newest bars as a table, for those who do not see the canvas. */
export function BarTable({ bars, digits }: { bars: Bar[]; digits: number }) {
  const newest = bars.slice(-TABLE_ROWS).reverse();
  return (
    <div className="scroll" role="region" aria-label="Bars as a table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">time (UTC)</th>
            {HEADS.map((head) => (
              <th key={head} scope="col" className="num">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.map((bar) => (
            <tr key={bar.time}>
              <td>{formatMoment(new Date(bar.time * 1000).toISOString())}</td>
              {HEADS.map((head) => (
                <td key={head} className="num">
                  {formatNumber(bar[head], digits)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
