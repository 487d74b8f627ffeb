import { createAction } from "@reduxjs/toolkit";

import type { Change, Snapshot } from "../api/types";

/** `at` is the page's own monotonic milliseconds at receipt. */
export const snapshotReceived = createAction<{ snapshot: Snapshot; at: number }>(
  "stream/snapshotReceived",
);

export const changesReceived = createAction<{ changes: Change[]; at: number }>(
  "stream/changesReceived",
);
