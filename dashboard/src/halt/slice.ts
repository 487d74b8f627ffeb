import { createAsyncThunk, createSlice, type PayloadAction } from "@reduxjs/toolkit";

import { postKillSwitch, problemOf } from "../api/rest";
import type { Halt, KillSwitch, Problem } from "../api/types";
import { changesReceived, snapshotReceived } from "../stream/actions";

interface HaltState {
  halt: Halt | null;
  /** Which question is on the screen. */
  asked: "engage" | "resume" | null;
  status: "idle" | "sending" | "failed";
  problem: Problem | null;
}

const initialState: HaltState = { halt: null, asked: null, status: "idle", problem: null };

export const switchTrading = createAsyncThunk<Halt, KillSwitch, { rejectValue: Problem }>(
  "halt/switchTrading",
  async (wish, { rejectWithValue }) => {
    try {
      return await postKillSwitch(wish);
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

const halt = createSlice({
  name: "halt",
  initialState,
  reducers: {
    haltAsked(state, action: PayloadAction<HaltState["asked"]>) {
      state.asked = action.payload;
      state.status = "idle";
      state.problem = null;
    },
  },
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state, { payload }) => {
      state.halt = payload.snapshot.halt;
    });
    builder.addCase(changesReceived, (state, { payload }) => {
      for (const change of payload.changes) {
        if (change.kind === "halt") state.halt = change.halt;
      }
    });
    builder.addCase(switchTrading.pending, (state) => {
      state.status = "sending";
      state.problem = null;
    });
    builder.addCase(switchTrading.fulfilled, (state, { payload }) => {
      state.halt = payload;
      state.status = "idle";
      state.asked = null;
    });
    builder.addCase(switchTrading.rejected, (state, { payload }) => {
      state.status = "failed";
      state.problem = payload ?? null;
    });
  },
});

export const { haltAsked } = halt.actions;
export const haltReducer = halt.reducer;
