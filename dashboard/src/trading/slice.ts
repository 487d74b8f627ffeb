import { createSlice } from "@reduxjs/toolkit";

import type { Alert, Fill, Order, Position } from "../api/types";
import { changesReceived, snapshotReceived } from "../stream/actions";

const ROWS_KEPT = 300;

interface TradingState {
  positions: Position[];
  /** The newest first, as are the fills. */
  orders: Order[];
  fills: Fill[];
  /** The newest first: limits, alarms, regimes, correlations and drift. */
  alerts: Alert[];
}

const initialState: TradingState = { positions: [], orders: [], fills: [], alerts: [] };

function byTimeDescending(a: { time: string }, b: { time: string }): number {
  return b.time.localeCompare(a.time);
}

function place<T>(rows: T[], row: T, isSame: (each: T) => boolean): T[] {
  const index = rows.findIndex(isSame);
  return index >= 0 ? rows.with(index, row) : [row, ...rows].slice(0, ROWS_KEPT);
}

const trading = createSlice({
  name: "trading",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state, { payload: { snapshot } }) => {
      state.positions = snapshot.positions;
      state.orders = snapshot.orders.toSorted(byTimeDescending);
      state.fills = snapshot.fills.toSorted(byTimeDescending);
      state.alerts = snapshot.alerts;
    });
    builder.addCase(changesReceived, (state, { payload: { changes } }) => {
      for (const change of changes) {
        if (change.kind === "positions") state.positions = change.positions;
        if (change.kind === "order") {
          const { key } = change.order;
          state.orders = place(state.orders, change.order, (each) => each.key === key);
        }
        if (change.kind === "alert") {
          const { id } = change.alert;
          state.alerts = place(state.alerts, change.alert, (each) => each.id === id);
        }
        if (change.kind === "fill") {
          const { id } = change.fill;
          state.fills = place(state.fills, change.fill, (each) => each.id === id);
        }
      }
    });
  },
});

export const tradingReducer = trading.reducer;
