import type { Change, Problem, Snapshot, StreamMessage } from "../api/types";

const SILENCE_MS = 6000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

export type Phase =
  | { name: "connecting" }
  | { name: "live" }
  | { name: "waiting"; attempt: number; retryAt: number }
  | { name: "denied"; problem: Problem };

export interface StreamSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the client needs of the world, so that a test can stand in for it. */
export interface StreamWorld {
  open(): StreamSocket;
  /** Return why the platform refuses this page, or null where it does not. */
  findRefusal(): Promise<Problem | null>;
  now(): number;
  random(): number;
  after(ms: number, run: () => void): () => void;
}

export interface StreamListener {
  onSnapshot(snapshot: Snapshot): void;
  onChanges(changes: Change[]): void;
  onPhase(phase: Phase): void;
}

/** Return how long to wait before an attempt: doubled each time, with jitter, never above a cap. */
export function retryDelay(attempt: number, random: number): number {
  const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
  return longest * (0.5 + random / 2);
}

/** Follow the stream: a snapshot, then numbered changes; ask anew on a gap, come back when lost. */
export class StreamClient {
  private socket: StreamSocket | null = null;
  private seq: number | null = null;
  private attempt = 0;
  private stopped = false;
  private cancelSilence: (() => void) | null = null;
  private cancelRetry: (() => void) | null = null;

  constructor(
    private readonly world: StreamWorld,
    private readonly listener: StreamListener,
  ) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.cancelRetry?.();
    this.drop();
  }

  /** Try again at once instead of waiting. */
  retry(): void {
    this.cancelRetry?.();
    this.drop();
    this.connect();
  }

  private connect(): void {
    this.cancelRetry = null;
    this.listener.onPhase({ name: "connecting" });
    const socket = this.world.open();
    this.socket = socket;
    this.seq = null;
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => void this.lose();
    this.watchSilence();
  }

  private receive(text: string): void {
    this.watchSilence();
    const message = JSON.parse(text) as StreamMessage;
    if (message.type === "snapshot") {
      this.seq = message.seq;
      this.attempt = 0;
      this.listener.onSnapshot(message.data);
      this.listener.onPhase({ name: "live" });
      return;
    }
    if (this.seq === null) return; // a snapshot is under way
    if (message.seq !== this.seq + 1) {
      this.seq = null;
      this.socket?.send(JSON.stringify({ type: "resync" }));
      return;
    }
    this.seq = message.seq;
    if (message.data.length > 0) this.listener.onChanges(message.data);
  }

  private watchSilence(): void {
    this.cancelSilence?.();
    this.cancelSilence = this.world.after(SILENCE_MS, () => void this.lose());
  }

  private drop(): void {
    this.cancelSilence?.();
    this.cancelSilence = null;
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private async lose(): Promise<void> {
    this.drop();
    this.attempt += 1;
    const delay = retryDelay(this.attempt, this.world.random());
    const retryAt = this.world.now() + delay;
    this.listener.onPhase({ name: "waiting", attempt: this.attempt, retryAt });
    this.cancelRetry = this.world.after(delay, () => this.connect());
    const problem = await this.world.findRefusal();
    if (problem === null || this.stopped || this.socket !== null) return;
    this.cancelRetry?.();
    this.listener.onPhase({ name: "denied", problem });
  }
}
