import { configureStore } from "@reduxjs/toolkit";
import { useDispatch, useSelector } from "react-redux";

import { accountReducer } from "../account/slice";
import { chartReducer } from "../chart/slice";
import { decisionsReducer } from "../decisions/slice";
import { haltReducer } from "../halt/slice";
import { handReducer } from "../hand/slice";
import { marketReducer } from "../market/slice";
import { performanceReducer } from "../performance/slice";
import { connectionReducer } from "../stream/connection";
import { tradingReducer } from "../trading/slice";
import { twinReducer } from "../twin/slice";
import { deskReducer } from "./slice";

/** Build the page's state; each part hears the stream's snapshots and changes. */
export function buildStore() {
  return configureStore({
    reducer: {
      account: accountReducer,
      chart: chartReducer,
      connection: connectionReducer,
      decisions: decisionsReducer,
      desk: deskReducer,
      halt: haltReducer,
      hand: handReducer,
      market: marketReducer,
      performance: performanceReducer,
      trading: tradingReducer,
      twin: twinReducer,
    },
    // Walking the whole state at each batch would cost more than the batch.
    middleware: (getDefault) => getDefault({ immutableCheck: false, serializableCheck: false }),
  });
}

export type DeskStore = ReturnType<typeof buildStore>;
export type DeskState = ReturnType<DeskStore["getState"]>;

export const useDesk = useSelector.withTypes<DeskState>();
export const useDeskDispatch = useDispatch.withTypes<DeskStore["dispatch"]>();
