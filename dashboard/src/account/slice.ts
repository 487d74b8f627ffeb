import { createAsyncThunk, createSlice } from "@reduxjs/toolkit";

import { getEquity, getSession, problemOf } from "../api/rest";
import type {
  AccountView,
  EquityPage,
  EquityPoint,
  Limit,
  Problem,
  SessionView,
} from "../api/types";
import { changesReceived, snapshotReceived } from "../stream/actions";

const POINTS_KEPT = 5000;

interface AccountState {
  session: SessionView | null;
  account: AccountView | null;
  limits: Limit[];
  /** The oldest first. */
  equity: EquityPoint[];
}

const initialState: AccountState = { session: null, account: null, limits: [], equity: [] };

export const loadSession = createAsyncThunk<SessionView, undefined, { rejectValue: Problem }>(
  "account/loadSession",
  async (_, { rejectWithValue }) => {
    try {
      return await getSession();
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

export const loadEquity = createAsyncThunk<EquityPage, undefined, { rejectValue: Problem }>(
  "account/loadEquity",
  async (_, { rejectWithValue }) => {
    try {
      return await getEquity();
    } catch (error) {
      return rejectWithValue(problemOf(error));
    }
  },
);

/** Join points in the order of time; of two at one time the later argument's stays. */
export function mergePoints(held: EquityPoint[], coming: EquityPoint[]): EquityPoint[] {
  const byTime = new Map(held.map((each) => [each.time, each]));
  for (const each of coming) byTime.set(each.time, each);
  return [...byTime.values()].sort((a, b) => a.time - b.time).slice(-POINTS_KEPT);
}

function appendPoint(points: EquityPoint[], point: EquityPoint): void {
  const last = points.at(-1);
  if (last !== undefined && point.time < last.time) return; // an older one changes nothing now
  if (last?.time === point.time) points.pop();
  points.push(point);
  if (points.length > POINTS_KEPT) points.shift();
}

const account = createSlice({
  name: "account",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state, { payload: { snapshot } }) => {
      state.account = snapshot.account;
      state.limits = snapshot.limits;
      state.equity = mergePoints([], snapshot.equity);
    });
    builder.addCase(changesReceived, (state, { payload: { changes } }) => {
      for (const change of changes) {
        if (change.kind === "account") state.account = change.account;
        if (change.kind === "limits") state.limits = change.limits;
        if (change.kind === "equity") appendPoint(state.equity, change.point);
      }
    });
    builder.addCase(loadSession.fulfilled, (state, { payload }) => {
      state.session = payload;
    });
    builder.addCase(loadEquity.fulfilled, (state, { payload }) => {
      state.equity = mergePoints(payload.points, state.equity);
    });
  },
});

export const accountReducer = account.reducer;
