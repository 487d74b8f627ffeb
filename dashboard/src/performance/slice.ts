import { createAsyncThunk, createSlice, type PayloadAction } from "@reduxjs/toolkit";

import { getPerformance, problemOf } from "../api/rest";
import type { Performance, PerformancePage, Problem } from "../api/types";

/** What trades are gathered by, whose course is told. */
export const KEYS = ["strategy", "model", "symbol", "side"] as const;
export type Key = (typeof KEYS)[number];

interface PerformanceState {
  by: Key;
  now: Performance | null;
  /** Whether the record was read to its end; if not, more is asked for. */
  complete: boolean;
  /** How many answers came, so that one that is not complete is followed by another. */
  answers: number;
  problem: Problem | null;
}

const initialState: PerformanceState = {
  by: "strategy",
  now: null,
  complete: true,
  answers: 0,
  problem: null,
};

export const loadPerformance = createAsyncThunk<PerformancePage, Key, { rejectValue: Problem }>(
  "performance/load",
  async (by, { rejectWithValue }) => {
    try {
      return await getPerformance(by);
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

const performance = createSlice({
  name: "performance",
  initialState,
  reducers: {
    keyChosen(state, action: PayloadAction<Key>) {
      state.by = action.payload;
    },
  },
  extraReducers: (builder) => {
    builder.addCase(loadPerformance.pending, (state) => {
      state.problem = null;
    });
    builder.addCase(loadPerformance.fulfilled, (state, { meta, payload }) => {
      if (meta.arg !== state.by) return; // another key was chosen since
      state.now = payload.now;
      state.complete = payload.complete;
      state.answers += 1;
    });
    builder.addCase(loadPerformance.rejected, (state, { payload }) => {
      state.problem = payload ?? null;
    });
  },
});

export const { keyChosen } = performance.actions;
export const performanceReducer = performance.reducer;
