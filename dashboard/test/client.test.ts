import { beforeEach, expect, test } from "vitest";

import type { Change, Problem, Snapshot } from "../src/api/types";
import {
  retryDelay,
  StreamClient,
  type Phase,
  type StreamSocket,
  type StreamWorld,
} from "../src/stream/client";
import { buildSnapshot } from "./build";

class Socket implements StreamSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: string[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  hear(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** A world whose time only moves when told. */
class World implements StreamWorld {
  sockets: Socket[] = [];
  refusal: Problem | null = null;
  time = 0;
  private timers: { at: number; run: () => void }[] = [];

  open(): Socket {
    const socket = new Socket();
    this.sockets.push(socket);
    return socket;
  }

  findRefusal = () => Promise.resolve(this.refusal);
  now = () => this.time;
  random = () => 1;

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((each) => each !== timer);
    };
  }

  async advance(ms: number): Promise<void> {
    this.time += ms;
    const due = this.timers.filter((each) => each.at <= this.time);
    this.timers = this.timers.filter((each) => each.at > this.time);
    for (const each of due) each.run();
    await Promise.resolve();
    await Promise.resolve();
  }

  get newest(): Socket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }
}

const QUOTE = { kind: "quote", symbol: "EURUSD", bid: 1, ask: 2, time: "" };

let world: World;
let snapshots: Snapshot[];
let changes: Change[];
let phases: Phase[];
let client: StreamClient;

beforeEach(() => {
  world = new World();
  snapshots = [];
  changes = [];
  phases = [];
  client = new StreamClient(world, {
    onSnapshot: (snapshot) => snapshots.push(snapshot),
    onChanges: (coming) => changes.push(...coming),
    onPhase: (phase) => phases.push(phase),
  });
  client.start();
});

const open = () => world.newest.hear({ type: "snapshot", seq: 4, data: buildSnapshot() });
const names = () => phases.map((phase) => phase.name);

test("goes live with the snapshot and passes on what follows in order", () => {
  open();
  world.newest.hear({ type: "delta", seq: 5, data: [QUOTE] });
  world.newest.hear({ type: "delta", seq: 6, data: [] });
  world.newest.hear({ type: "delta", seq: 7, data: [QUOTE] });
  expect(names()).toEqual(["connecting", "live"]);
  expect(snapshots).toHaveLength(1);
  expect(changes).toHaveLength(2);
  expect(world.newest.sent).toEqual([]);
});

test("asks once for a snapshot on a gap and passes on nothing until it came", () => {
  open();
  world.newest.hear({ type: "delta", seq: 6, data: [QUOTE] });
  world.newest.hear({ type: "delta", seq: 7, data: [QUOTE] });
  expect(world.newest.sent).toEqual(['{"type":"resync"}']);
  expect(changes).toEqual([]);
  world.newest.hear({ type: "snapshot", seq: 7, data: buildSnapshot() });
  world.newest.hear({ type: "delta", seq: 8, data: [QUOTE] });
  expect(snapshots).toHaveLength(2);
  expect(changes).toHaveLength(1);
});

test("says when it tries again, waits longer each time, and begins anew once live", async () => {
  open();
  world.newest.onclose?.();
  expect(phases.at(-1)).toEqual({ name: "waiting", attempt: 1, retryAt: 500 });
  await world.advance(500);
  world.newest.onclose?.();
  expect(phases.at(-1)).toEqual({ name: "waiting", attempt: 2, retryAt: 1500 });
  await world.advance(1000);
  expect(world.sockets).toHaveLength(3);
  open();
  world.newest.onclose?.();
  expect(phases.at(-1)).toMatchObject({ attempt: 1 });
});

test("takes silence for a lost connection and leaves the old socket", async () => {
  open();
  const first = world.newest;
  await world.advance(5000);
  expect(names().at(-1)).toBe("live");
  await world.advance(1000);
  expect(first.closed).toBe(true);
  expect(names().at(-1)).toBe("waiting");
  await world.advance(500);
  expect(world.sockets).toHaveLength(2);
  first.hear({ type: "delta", seq: 5, data: [QUOTE] });
  expect(changes).toEqual([]);
});

test("stops trying where the platform refuses this browser", async () => {
  open();
  world.refusal = { code: "unknown", message: "not known", remedy: "open the address" };
  world.newest.onclose?.();
  await world.advance(0);
  expect(phases.at(-1)).toEqual({ name: "denied", problem: world.refusal });
  await world.advance(60_000);
  expect(world.sockets).toHaveLength(1);
  client.retry();
  expect(world.sockets).toHaveLength(2);
});

test("stays away once stopped", async () => {
  open();
  client.stop();
  expect(world.newest.closed).toBe(true);
  await world.advance(60_000);
  expect(world.sockets).toHaveLength(1);
});

test("the wait doubles up to its cap and jitter only shortens it", () => {
  expect([1, 2, 3, 4, 5, 6, 20].map((attempt) => retryDelay(attempt, 1))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000,
  ]);
  expect(retryDelay(3, 0)).toBe(1000);
});
