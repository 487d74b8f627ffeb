import { createAsyncThunk, createSlice, type PayloadAction } from "@reduxjs/toolkit";

import { getDecisions, problemOf } from "../api/rest";
import type { Decision, DecisionsPage, Problem } from "../api/types";
import { changesReceived, snapshotReceived } from "../stream/actions";

const DECISIONS_KEPT = 600;
const SNAPSHOT_HOLDS = 100;

/** What the feed lists: `all` leaves out decisions to hold, which come with every bar. */
export const FILTERS = ["all", "enter", "exit", "abstain", "denied", "change", "hold"] as const;
export type Filter = (typeof FILTERS)[number];

interface DecisionsState {
  /** The newest first. */
  items: Decision[];
  openId: string | null;
  filter: Filter;
  /** Before which decision each filter goes on, null at the end; absent where none was read. */
  before: Partial<Record<Filter, string | null>>;
  status: "idle" | "loading" | "failed";
  problem: Problem | null;
}

const initialState: DecisionsState = {
  items: [],
  openId: null,
  filter: "all",
  before: {},
  status: "idle",
  problem: null,
};

export interface Wish {
  filter: Filter;
  before: string | null;
}

export const loadOlder = createAsyncThunk<DecisionsPage, Wish, { rejectValue: Problem }>(
  "decisions/loadOlder",
  async ({ filter, before }, { rejectWithValue }) => {
    try {
      return await getDecisions(filter === "all" ? null : filter, before);
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

/** Put decisions in order, the newest first; a later copy of the same one wins. */
export function mergeDecisions(held: Decision[], coming: Decision[]): Decision[] {
  const byId = new Map(held.map((each) => [each.id, each]));
  for (const each of coming) byId.set(each.id, each);
  return [...byId.values()].sort((a, b) => Number(b.id) - Number(a.id));
}

/** Forget the oldest; every filter then goes on before the last one kept. */
function trim(state: DecisionsState): void {
  if (state.items.length <= DECISIONS_KEPT) return;
  state.items.length = DECISIONS_KEPT;
  const last = state.items.at(-1)?.id ?? null;
  for (const filter of FILTERS) {
    if (filter !== "hold") state.before[filter] = last;
  }
}

const decisions = createSlice({
  name: "decisions",
  initialState,
  reducers: {
    decisionOpened(state, action: PayloadAction<string | null>) {
      state.openId = action.payload;
    },
    filterChosen(state, action: PayloadAction<Filter>) {
      state.filter = action.payload;
      state.status = "idle";
      state.problem = null;
    },
  },
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state, { payload }) => {
      state.items = mergeDecisions([], payload.snapshot.decisions);
      const last = state.items.length < SNAPSHOT_HOLDS ? null : (state.items.at(-1)?.id ?? null);
      state.before = { all: last, enter: last, exit: last, abstain: last, denied: last };
    });
    builder.addCase(changesReceived, (state, { payload }) => {
      const coming = payload.changes.flatMap((each) =>
        each.kind === "decision" ? [each.decision] : [],
      );
      if (coming.length > 0) {
        state.items = mergeDecisions(state.items, coming);
        trim(state);
      }
    });
    builder.addCase(loadOlder.pending, (state) => {
      state.status = "loading";
    });
    builder.addCase(loadOlder.fulfilled, (state, { payload, meta }) => {
      state.items = mergeDecisions(state.items, payload.decisions);
      state.before[meta.arg.filter] = payload.next;
      state.status = "idle";
      state.problem = null;
    });
    builder.addCase(loadOlder.rejected, (state, { payload }) => {
      state.status = "failed";
      state.problem = payload ?? null;
    });
  },
});

export const { decisionOpened, filterChosen } = decisions.actions;
export const decisionsReducer = decisions.reducer;
