import { createSlice, type PayloadAction } from "@reduxjs/toolkit";

import { snapshotReceived } from "./actions";
import type { Phase } from "./client";

interface ConnectionState {
  phase: Phase;
  /** Snapshots received; what was fetched before the newest one may have gaps. */
  snapshots: number;
}

const initialState: ConnectionState = { phase: { name: "connecting" }, snapshots: 0 };

const connection = createSlice({
  name: "connection",
  initialState,
  reducers: {
    phaseChanged(state, action: PayloadAction<Phase>) {
      state.phase = action.payload;
    },
  },
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state) => {
      state.snapshots += 1;
    });
  },
});

export const { phaseChanged } = connection.actions;
export const connectionReducer = connection.reducer;
