import { createAsyncThunk, createSlice, type PayloadAction } from "@reduxjs/toolkit";

import { getBars, problemOf } from "../api/rest";
import type { Bar, BarsPage, Change, Problem, Snapshot } from "../api/types";
import { changesReceived, snapshotReceived } from "../stream/actions";
import { moveToBid, placeBar, timeframeOf } from "./candles";

const BARS_KEPT = 3000;

interface ChartState {
  symbol: string | null;
  timeframe: string | null;
  digits: number;
  bars: Bar[];
  /** When each bar began; a new list only when a bar is added, not with each quote. */
  times: number[];
  /** Rises with each fresh series, so that the canvas knows when to begin anew. */
  series: number;
  status: "idle" | "loading" | "ready" | "failed";
  problem: Problem | null;
}

const initialState: ChartState = {
  symbol: null,
  timeframe: null,
  digits: 5,
  bars: [],
  times: [],
  series: 0,
  status: "idle",
  problem: null,
};

interface Choice {
  symbol: string;
  timeframe: string;
}

export const loadBars = createAsyncThunk<BarsPage, Choice, { rejectValue: Problem }>(
  "chart/loadBars",
  async ({ symbol, timeframe }, { rejectWithValue }) => {
    try {
      return await getBars(symbol, timeframe);
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

function choose(state: ChartState, snapshot: Snapshot): void {
  state.symbol ??= snapshot.symbols[0]?.symbol ?? null;
  const decision = snapshot.decisions.find((each) => each.symbol === state.symbol);
  const traded = (decision ?? snapshot.decisions[0])?.timeframe;
  state.timeframe ??= traded ?? timeframeOf(snapshot.equity.map((point) => point.time)) ?? "H1";
}

function isChosen(state: ChartState, choice: Choice): boolean {
  return choice.symbol === state.symbol && choice.timeframe === state.timeframe;
}

function applyChange(state: ChartState, change: Change): void {
  if (state.status !== "ready" || state.timeframe === null) return;
  if (change.kind === "quote" && change.symbol === state.symbol) {
    const seconds = Math.floor(Date.parse(change.time) / 1000);
    moveToBid(state.bars, state.timeframe, seconds, change.bid);
  }
  if (change.kind === "bar" && isChosen(state, change)) {
    placeBar(state.bars, change.bar);
  }
}

function keepTimes(state: ChartState): void {
  const { bars, times } = state;
  if (bars.length > BARS_KEPT) bars.splice(0, bars.length - BARS_KEPT);
  if (bars.length === times.length && bars.at(-1)?.time === times.at(-1)) return;
  state.times = bars.map((bar) => bar.time);
}

function showNothing(state: ChartState): void {
  state.bars = []; // never one symbol's bars under another's name
  state.times = [];
}

const chart = createSlice({
  name: "chart",
  initialState,
  reducers: {
    selectSymbol(state, action: PayloadAction<string>) {
      if (state.symbol === action.payload) return;
      state.symbol = action.payload;
      showNothing(state);
    },
    selectTimeframe(state, action: PayloadAction<string>) {
      if (state.timeframe === action.payload) return;
      state.timeframe = action.payload;
      showNothing(state);
    },
  },
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state, { payload }) => choose(state, payload.snapshot));
    builder.addCase(changesReceived, (state, { payload }) => {
      for (const change of payload.changes) applyChange(state, change);
      keepTimes(state);
    });
    builder.addCase(loadBars.pending, (state) => {
      state.status = "loading";
      state.problem = null;
    });
    builder.addCase(loadBars.fulfilled, (state, { payload }) => {
      if (!isChosen(state, payload)) return;
      state.digits = payload.digits;
      state.bars = payload.bars;
      state.times = payload.bars.map((bar) => bar.time);
      state.series += 1;
      state.status = "ready";
    });
    builder.addCase(loadBars.rejected, (state, { payload, meta }) => {
      if (!isChosen(state, meta.arg)) return;
      state.status = "failed";
      state.problem = payload ?? problemOf("The bars could not be read.");
    });
  },
});

export const { selectSymbol, selectTimeframe } = chart.actions;
export const chartReducer = chart.reducer;
