import { createSlice } from "@reduxjs/toolkit";

import type { Feed, QuoteChange, SymbolView } from "../api/types";
import { changesReceived, snapshotReceived } from "../stream/actions";

export interface Quote extends SymbolView {
  /** The page's own milliseconds when this quote arrived. */
  at: number;
  /** Where the bid went with this quote. */
  move: -1 | 0 | 1;
}

interface MarketState {
  feed: Feed | null;
  /** The page's own milliseconds of the newest market event, reckoned back by its age. */
  eventAt: number;
  symbols: string[];
  quotes: Record<string, Quote>;
}

const initialState: MarketState = { feed: null, eventAt: 0, symbols: [], quotes: {} };

function applyQuote(state: MarketState, change: QuoteChange, at: number): void {
  const quote = state.quotes[change.symbol];
  if (quote === undefined) return;
  const first = quote.bid / (1 + quote.change_day);
  quote.move = change.bid > quote.bid ? 1 : change.bid < quote.bid ? -1 : 0;
  quote.change_day = first > 0 ? change.bid / first - 1 : 0;
  quote.bid = change.bid;
  quote.ask = change.ask;
  quote.time = change.time;
  quote.spread_pips = quote.pip > 0 ? (change.ask - change.bid) / quote.pip : 0;
  quote.at = at;
  state.eventAt = at;
}

const market = createSlice({
  name: "market",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state, { payload: { snapshot, at } }) => {
      state.feed = snapshot.feed;
      state.eventAt = at - snapshot.feed.age_ms;
      state.symbols = snapshot.symbols.map((each) => each.symbol);
      state.quotes = Object.fromEntries(
        snapshot.symbols.map((each) => [each.symbol, { ...each, at: state.eventAt, move: 0 }]),
      );
    });
    builder.addCase(changesReceived, (state, { payload: { changes, at } }) => {
      for (const change of changes) {
        if (change.kind === "quote") applyQuote(state, change, at);
        if (change.kind === "feed") {
          state.feed = change.feed;
          state.eventAt = at - change.feed.age_ms;
        }
      }
    });
  },
});

export const marketReducer = market.reducer;
