import { createAsyncThunk, createSlice } from "@reduxjs/toolkit";

import { getTwin, problemOf } from "../api/rest";
import type { Problem, TwinCause, TwinDay, TwinPage } from "../api/types";

interface TwinState {
  page: TwinPage | null;
  problem: Problem | null;
}

const initialState: TwinState = { page: null, problem: null };

export const loadTwin = createAsyncThunk<TwinPage, undefined, { rejectValue: Problem }>(
  "twin/load",
  async (_, { rejectWithValue }) => {
    try {
      return await getTwin();
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

/** Return the causes that moved something, the largest first. */
export function causesOf(day: TwinDay): TwinCause[] {
  return day.causes
    .filter((each) => each.amount !== 0)
    .toSorted((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
}

const twin = createSlice({
  name: "twin",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    builder.addCase(loadTwin.fulfilled, (state, { payload }) => {
      state.page = payload;
      state.problem = null;
    });
    builder.addCase(loadTwin.rejected, (state, { payload }) => {
      state.problem = payload ?? null;
    });
  },
});

export const twinReducer = twin.reducer;
