import { createAsyncThunk, createSlice, type PayloadAction } from "@reduxjs/toolkit";

import { getDecisions, problemOf } from "../api/rest";
import type { Decision, DecisionsPage, Problem } from "../api/types";
import { changesReceived, snapshotReceived } from "../stream/actions";

const DECISIONS_KEPT = 500;
const SNAPSHOT_HOLDS = 50;

interface DecisionsState {
  /** The newest first. */
  items: Decision[];
  openId: string | null;
  hasOlder: boolean;
  status: "idle" | "loading" | "failed";
  problem: Problem | null;
}

const initialState: DecisionsState = {
  items: [],
  openId: null,
  hasOlder: true,
  status: "idle",
  problem: null,
};

export const loadOlder = createAsyncThunk<DecisionsPage, string, { rejectValue: Problem }>(
  "decisions/loadOlder",
  async (before, { rejectWithValue }) => {
    try {
      return await getDecisions(before);
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

/** Put decisions in order, the newest first; a later copy of the same one wins. */
export function mergeDecisions(held: Decision[], coming: Decision[]): Decision[] {
  const byId = new Map(held.map((each) => [each.id, each]));
  for (const each of coming) byId.set(each.id, each);
  return [...byId.values()].sort((a, b) =>
    a.time === b.time ? b.id.localeCompare(a.id) : b.time.localeCompare(a.time),
  );
}

const decisions = createSlice({
  name: "decisions",
  initialState,
  reducers: {
    decisionOpened(state, action: PayloadAction<string | null>) {
      state.openId = action.payload;
    },
  },
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state, { payload }) => {
      state.items = mergeDecisions([], payload.snapshot.decisions);
      state.hasOlder = state.items.length >= SNAPSHOT_HOLDS;
    });
    builder.addCase(changesReceived, (state, { payload }) => {
      const coming = payload.changes.flatMap((each) =>
        each.kind === "decision" ? [each.decision] : [],
      );
      if (coming.length > 0) {
        state.items = mergeDecisions(state.items, coming).slice(0, DECISIONS_KEPT);
      }
    });
    builder.addCase(loadOlder.pending, (state) => {
      state.status = "loading";
    });
    builder.addCase(loadOlder.fulfilled, (state, { payload }) => {
      state.items = mergeDecisions(state.items, payload.decisions);
      state.hasOlder = payload.next !== null;
      state.status = "idle";
      state.problem = null;
    });
    builder.addCase(loadOlder.rejected, (state, { payload }) => {
      state.status = "failed";
      state.problem = payload ?? null;
    });
  },
});

export const { decisionOpened } = decisions.actions;
export const decisionsReducer = decisions.reducer;
