import { getSession, RequestProblem } from "../api/rest";
import type { Change, Problem } from "../api/types";
import type { DeskStore } from "../desk/store";
import { changesReceived, snapshotReceived } from "./actions";
import { coalesce } from "./batch";
import { StreamClient, type StreamSocket, type StreamWorld } from "./client";
import { phaseChanged } from "./connection";

const BATCH_MS = 100;

async function findRefusal(): Promise<Problem | null> {
  try {
    await getSession();
    return null;
  } catch (error) {
    const refused = error instanceof RequestProblem && [401, 403].includes(error.status);
    return refused ? error.problem : null;
  }
}

const browser: StreamWorld = {
  open: () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return new WebSocket(`${scheme}://${location.host}/api/stream`) as unknown as StreamSocket;
  },
  findRefusal,
  now: () => performance.now(),
  random: () => Math.random(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Keep the store up to date from the stream, at most ten times a second. */
export function followStream(store: DeskStore): StreamClient {
  let waiting: Change[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = () => {
    timer = null;
    const changes = coalesce(waiting);
    waiting = [];
    store.dispatch(changesReceived({ changes, at: performance.now() }));
  };
  const client = new StreamClient(browser, {
    onSnapshot: (snapshot) => {
      waiting = [];
      store.dispatch(snapshotReceived({ snapshot, at: performance.now() }));
    },
    onChanges: (changes) => {
      waiting.push(...changes);
      timer ??= setTimeout(flush, BATCH_MS);
    },
    onPhase: (phase) => store.dispatch(phaseChanged(phase)),
  });
  client.start();
  return client;
}
