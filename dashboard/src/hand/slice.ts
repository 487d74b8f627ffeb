import { createAsyncThunk, createSlice, type PayloadAction } from "@reduxjs/toolkit";

import { postFlatten, postOrder, problemOf } from "../api/rest";
import type { Done, FlatWish, OrderWish, Problem } from "../api/types";
import type { Asked } from "./wishes";

interface HandState {
  /** Which question is on the screen. */
  asked: Asked | null;
  status: "idle" | "sending";
  /** What came of it, in the platform's words. */
  told: string | null;
  problem: Problem | null;
}

const initialState: HandState = { asked: null, status: "idle", told: null, problem: null };

export const sendWish = createAsyncThunk<Done, OrderWish | FlatWish, { rejectValue: Problem }>(
  "hand/sendWish",
  async (wish, { rejectWithValue }) => {
    try {
      return "order" in wish ? await postOrder(wish) : await postFlatten(wish);
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

const hand = createSlice({
  name: "hand",
  initialState,
  reducers: {
    handAsked: (_, action: PayloadAction<Asked | null>) => ({
      ...initialState,
      asked: action.payload,
    }),
  },
  extraReducers: (builder) => {
    builder.addCase(sendWish.pending, (state) => {
      state.status = "sending";
      state.problem = null;
    });
    builder.addCase(sendWish.fulfilled, (state, { payload }) => {
      state.status = "idle";
      state.told = payload.text;
    });
    builder.addCase(sendWish.rejected, (state, { payload }) => {
      state.status = "idle";
      state.problem = payload ?? null;
    });
  },
});

export const { handAsked } = hand.actions;
export const handReducer = hand.reducer;
