import { useState } from "react";

import { selectSymbol } from "../chart/slice";
import { useDesk, useDeskDispatch } from "../desk/store";
import { arrowOf, formatNumber, formatSignedPercent } from "../format/numbers";
import { formatAge } from "../format/times";
import { Notice } from "../notice/Notice";
import { STALE_MS, useFreshness, useNow } from "./freshness";
import type { Quote } from "./slice";

const FLASH = { [-1]: "flash-down", 0: "", 1: "flash-up" } as const;

function WatchRow({ quote, now, lost }: { quote: Quote; now: number; lost: boolean }) {
  const dispatch = useDeskDispatch();
  const chosen = useDesk((state) => state.chart.symbol === quote.symbol);
  const age = now - quote.at;
  const stale = lost || age > STALE_MS;
  const change = Number(quote.change_day.toFixed(4)); // as shown: a rounded zero has no sign
  const tone = change > 0 ? "gain" : change < 0 ? "loss" : "";
  return (
    <li>
      <button
        type="button"
        className={`watch-row ${stale ? "stale" : ""}`}
        aria-pressed={chosen}
        data-testid="watch-row"
        onClick={() => dispatch(selectSymbol(quote.symbol))}
      >
        <span className="watch-symbol">{quote.symbol}</span>
        <span className={`num ${stale ? "" : tone}`}>
          {arrowOf(change)} {formatSignedPercent(change)}
        </span>
        <span className="num">
          <span key={quote.bid} className={stale ? "" : FLASH[quote.move]}>
            {formatNumber(quote.bid, quote.digits)}
          </span>
          <span className="label"> / </span>
          {formatNumber(quote.ask, quote.digits)}
        </span>
        <span className="num label" title="Spread in pips">
          {stale ? `old: ${formatAge(age)}` : `${formatNumber(quote.spread_pips, 1)} pips`}
        </span>
      </button>
    </li>
  );
}

/** List the symbols with their quotes; a click puts one on the chart. */
export function WatchList() {
  const [filter, setFilter] = useState("");
  const symbols = useDesk((state) => state.market.symbols);
  const quotes = useDesk((state) => state.market.quotes);
  const freshness = useFreshness();
  const now = useNow();
  const shown = symbols.filter((symbol) => symbol.includes(filter.trim().toUpperCase()));
  return (
    <section className="panel watch" aria-label="Watch list">
      <input
        id="watch-filter"
        className="filter"
        type="search"
        placeholder="Search symbol ( / )"
        aria-label="Search symbol"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      {shown.length === 0 && (
        <Notice title={symbols.length === 0 ? "No symbols yet" : "No symbol matches"}>
          {symbols.length === 0
            ? "They appear with the first quote of the feed."
            : "Clear the search to see all."}
        </Notice>
      )}
      <ul className="rows">
        {shown.map((symbol) => {
          const quote = quotes[symbol];
          return quote === undefined ? null : (
            <WatchRow
              key={symbol}
              quote={quote}
              now={now}
              lost={freshness.state === "lost" || freshness.state === "ended"}
            />
          );
        })}
      </ul>
    </section>
  );
}
