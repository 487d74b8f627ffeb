import { lazy, Suspense, useEffect } from "react";

import type { Figure, Performance, PerformancePart } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { formatNumber, formatPercent, formatSigned } from "../format/numbers";
import { Notice, ProblemNotice } from "../notice/Notice";
import { Sheet, type Column } from "../trading/Sheet";
import { SignedMoney } from "../trading/figures";
import { KEYS, keyChosen, loadPerformance, type Key } from "./slice";

const PartCurves = lazy(() => import("./PartCurves"));

/** Write a figure a year with the interval that its days leave; without one it would mislead. */
function written({ value, lower, upper }: Figure, write = (each: number | null) => formatNumber(each, 2)) {
  return lower === null ? "too few days" : `${write(value)} (${write(lower)} to ${write(upper)})`;
}

function figuresOf(now: Performance, digits: number): [string, string][] {
  const { ratios, costs, exposure, decisions } = now;
  const money = (value: number) => formatNumber(value, digits);
  const rows: [string, string][] = [
    [`net, ${now.currency}`, formatSigned(now.net, digits)],
    ["Sharpe a year", written(ratios.sharpe)],
    ["growth a year", written(ratios.annual_return, (each) => formatPercent(each, 1))],
    ["drawdown", formatPercent(now.max_drawdown)],
    ["trades closed", formatNumber(now.trades, 0)],
    ["won", formatPercent(now.win_rate, 1)],
    ["profit factor", formatNumber(now.profit_factor, 2)],
    ["mean trade", formatSigned(now.expectancy, digits)],
    ["time held", formatPercent(exposure?.held, 1)],
    ["before costs", formatSigned(costs.market, digits)],
    ["spread paid", money(costs.spread_cost)],
    ["slippage paid", money(costs.slippage_cost)],
    ["commission", money(costs.commission)],
    ["swap", formatSigned(costs.swap, digits)],
  ];
  if (decisions !== null) {
    const { said, came } = decisions;
    rows.push(["entries said", formatPercent(said, 1)], ["came true", formatPercent(came, 1)]);
  }
  return rows;
}

const COLUMNS: Column<PerformancePart>[] = [
  { head: "name", cell: (row) => row.name },
  { head: "trades", numeric: true, cell: (row) => formatNumber(row.trades, 0) },
  { head: "net", numeric: true, cell: (row) => <SignedMoney value={row.net} /> },
  { head: "won", numeric: true, cell: (row) => formatPercent(row.win_rate, 1) },
  { head: "profit factor", numeric: true, cell: (row) => formatNumber(row.profit_factor, 2) },
  { head: "mean", numeric: true, cell: (row) => formatSigned(row.expectancy, 2) },
  { head: "commission, swap", numeric: true, cell: (row) => formatNumber(row.costs, 2) },
  { head: "deepest fall", numeric: true, cell: (row) => formatNumber(row.course?.drawdown, 2) },
  {
    head: "Sharpe a year (95 %)",
    numeric: true,
    cell: (row) => (row.course === null ? "" : written(row.course.sharpe)),
  },
  { head: "time held", numeric: true, cell: (row) => formatPercent(row.course?.held, 1) },
];

function Keys({ by, onKey }: { by: Key; onKey: (each: Key) => void }) {
  return (
    <div className="keys" role="group" aria-label="Trades by">
      {KEYS.map((each) => (
        <button key={each} type="button" aria-pressed={each === by} onClick={() => onKey(each)}>
          {each}
        </button>
      ))}
    </div>
  );
}

/** Show what the account came to so far, and its trades by strategy, model, symbol or side. */
export function PerformancePanel() {
  const dispatch = useDeskDispatch();
  const { by, now, complete, answers, problem } = useDesk((state) => state.performance);
  const digits = useDesk((state) => state.account.account?.currency_digits ?? 2);
  const newest = useDesk((state) => state.trading.fills[0]?.id);
  useEffect(() => void dispatch(loadPerformance(by)), [dispatch, by, newest]);
  useEffect(() => {
    if (!complete) void dispatch(loadPerformance(by));
  }, [dispatch, by, complete, answers]);
  if (problem !== null) {
    return <ProblemNotice problem={problem} onRetry={() => void dispatch(loadPerformance(by))} />;
  }
  if (now === null) return <Notice title="Reading the books&hellip;">Figures follow.</Notice>;
  const keyOf = (row: PerformancePart) => row.name;
  const empty = (
    <Notice title="No closed trade yet">The first position that is closed is told here.</Notice>
  );
  return (
    <div className="performance" role="region" aria-label="Performance" tabIndex={0}>
      <div className="performance-figures" role="region" aria-label="Figures" tabIndex={0}>
        <dl className="pairs" data-testid="performance-figures">
          {figuresOf(now, digits).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="num">{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      <div className="performance-parts">
        {!complete && (
          <p className="warn reading">The record is still being read: figures of its beginning.</p>
        )}
        <Keys by={by} onKey={(each) => dispatch(keyChosen(each))} />
        <Sheet label={`Trades by ${now.by}`} columns={COLUMNS} rows={now.parts} keyOf={keyOf} empty={empty} />
        <p className="label reading">
          Of {formatNumber(now.days, 0)} days
          {now.days < 20 && "; below 20 no figure a year says anything"}.
        </p>
      </div>
      {now.parts.length > 0 && (
        <div className="performance-curves">
          <p className="label reading">Net result of closed trades, {now.currency}</p>
          <Suspense fallback={<Notice title="Loading the chart&hellip;">The curves follow.</Notice>}>
            <PartCurves parts={now.parts} currency={now.currency} />
          </Suspense>
        </div>
      )}
    </div>
  );
}
