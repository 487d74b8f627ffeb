import { lazy, Suspense, useCallback, useEffect, useState } from "react";

import type { Bar } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { formatNumber } from "../format/numbers";
import { formatMoment } from "../format/times";
import { Notice, ProblemNotice } from "../notice/Notice";
import { BarTable } from "./BarTable";
import { barTimeAt, TIMEFRAMES } from "./candles";
import type { PriceCanvas } from "./canvas";
import { ChartTools } from "./ChartTools";
import { loadBars, selectTimeframe } from "./slice";

const PriceChart = lazy(() => import("./PriceChart"));

/** Fetch the chosen bars, again after each snapshot: what came in between was missed. */
function useBars(): () => void {
  const dispatch = useDeskDispatch();
  const { symbol, timeframe } = useDesk((state) => state.chart);
  const snapshots = useDesk((state) => state.connection.snapshots);
  const load = useCallback(() => {
    if (symbol !== null && timeframe !== null) void dispatch(loadBars({ symbol, timeframe }));
  }, [dispatch, symbol, timeframe]);
  useEffect(() => {
    if (snapshots > 0) load();
  }, [load, snapshots]);
  return load;
}

function TimeframeKeys() {
  const dispatch = useDeskDispatch();
  const chosen = useDesk((state) => state.chart.timeframe);
  return (
    <div className="keys" role="group" aria-label="Timeframe">
      {TIMEFRAMES.map((each, index) => (
        <button
          key={each}
          type="button"
          aria-keyshortcuts={String(index + 1)}
          title={`key ${index + 1}`}
          aria-pressed={each === chosen}
          onClick={() => dispatch(selectTimeframe(each))}
        >
          {each}
        </button>
      ))}
    </div>
  );
}

function BarValues({ bar, digits }: { bar: Bar | undefined; digits: number }) {
  if (bar === undefined) return null;
  const tone = bar.close >= bar.open ? "gain" : "loss";
  return (
    <span className="values num">
      <span className="label">{formatMoment(new Date(bar.time * 1000).toISOString())}</span>
      {(["open", "high", "low", "close"] as const).map((name) => (
        <span key={name}>
          <span className="label">{name[0]?.toUpperCase()}</span>{" "}
          <span className={tone}>{formatNumber(bar[name], digits)}</span>
        </span>
      ))}
    </span>
  );
}

function ChartHead({ bar }: { bar: Bar | undefined }) {
  const { symbol, digits, bars } = useDesk((state) => state.chart);
  return (
    <header className="panel-head chart-head">
      <h2>{symbol ?? "Chart"}</h2>
      <span className="last num" data-testid="last-close" data-symbol={symbol}>
        {formatNumber(bars.at(-1)?.close, digits)}
      </span>
      <TimeframeKeys />
      <BarValues bar={bar} digits={digits} />
    </header>
  );
}

function ChartBody({ onRetry, onCrosshair, onCanvas, asTable }: {
  onRetry: () => void;
  onCrosshair: (seconds: number | null) => void;
  onCanvas: (canvas: PriceCanvas | null) => void;
  asTable: boolean;
}) {
  const { symbol, timeframe, bars, digits, status, problem } = useDesk((state) => state.chart);
  if (status === "failed" && problem) return <ProblemNotice problem={problem} onRetry={onRetry} />;
  if (bars.length === 0) {
    return status === "ready" ? (
      <Notice title={`No ${timeframe} bars of ${symbol} yet`}>
        The first one appears as soon as the feed has closed it.
      </Notice>
    ) : (
      <Notice title="Reading bars&hellip;">This takes less than a second.</Notice>
    );
  }
  if (asTable) return <BarTable bars={bars} digits={digits} />;
  const label = `${symbol} ${timeframe} candles; the button Table gives them as a table`;
  return (
    <Suspense fallback={<Notice title="Loading the chart&hellip;">Prices follow.</Notice>}>
      <PriceChart label={label} onCrosshair={onCrosshair} onCanvas={onCanvas} />
    </Suspense>
  );
}

/** Show the chosen symbol's live chart: timeframes, values, a table instead, files to save. */
export function ChartPanel() {
  const load = useBars();
  const [asTable, setAsTable] = useState(false);
  const [canvas, setCanvas] = useState<PriceCanvas | null>(null);
  const [crosshair, setCrosshair] = useState<number | null>(null);
  const bars = useDesk((state) => state.chart.bars);
  const times = useDesk((state) => state.chart.times);
  const pointed = crosshair === null ? null : barTimeAt(times, crosshair);
  const bar = bars.find((each) => each.time === pointed) ?? bars.at(-1);
  return (
    <section id="chart" className="panel chart" aria-label="Chart" tabIndex={-1}>
      <ChartHead bar={bar} />
      <div className="chart-body">
        <ChartBody
          onRetry={load}
          onCrosshair={setCrosshair}
          onCanvas={setCanvas}
          asTable={asTable}
        />
      </div>
      <footer className="legend">
        <ChartTools canvas={canvas} asTable={asTable} onTable={() => setAsTable(!asTable)} />
        <span>bid prices; &#9650;&#9660; entry, &#9679; exit</span>
        <span>below: drawdown, then the probability of a rise with its interval, or volume</span>
        <a href="https://www.tradingview.com/" rel="noreferrer" target="_blank">
          Charts by TradingView
        </a>
      </footer>
    </section>
  );
}
