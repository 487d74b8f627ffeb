import type {
  BarsPage,
  DecisionDetail,
  DecisionsPage,
  Done,
  EquityPage,
  FlatWish,
  Halt,
  KillSwitch,
  OrderWish,
  PerformancePage,
  Problem,
  SessionView,
  TwinPage,
} from "./types";

const UNREACHABLE: Problem = {
  code: "unreachable",
  message: "The platform does not answer.",
  remedy: "See in its terminal whether `assay up` still runs; open orders keep their stops there.",
};

/** Hold what the platform said about a request that it did not fulfil. */
export class RequestProblem extends Error {
  readonly problem: Problem;
  readonly status: number;

  constructor(problem: Problem, status: number) {
    super(problem.message);
    this.name = "RequestProblem";
    this.problem = problem;
    this.status = status;
  }
}

/** Return the problem behind anything thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RequestProblem) return error.problem;
  return { code: "page", message: String(error), remedy: "Reload the page." };
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback = {
    code: String(response.status),
    message: `The platform answered ${response.status}.`,
    remedy: "Reload the page; `assay logs` has the details.",
  };
  try {
    return { ...fallback, ...((await response.json()) as Partial<Problem>) };
  } catch {
    return fallback;
  }
}

async function request<T>(path: string, options?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new RequestProblem(UNREACHABLE, 0);
  }
  if (!response.ok) throw new RequestProblem(await readProblem(response), response.status);
  return (await response.json()) as T;
}

function query(values: Record<string, string | number>): string {
  const pairs = Object.entries(values).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  return new URLSearchParams(pairs).toString();
}

export const getSession = () => request<SessionView>("/api/session");

export const getBars = (symbol: string, timeframe: string, limit = 500) =>
  request<BarsPage>(`/api/bars?${query({ symbol, timeframe, limit })}`);

export const getDecisions = (outcome: string | null, before: string | null, limit = 50) =>
  request<DecisionsPage>(
    `/api/decisions?${query({ limit, ...(outcome && { outcome }), ...(before && { before }) })}`,
  );

export const getDecision = (id: string) =>
  request<DecisionDetail>(`/api/decisions/${encodeURIComponent(id)}`);

export const getEquity = (limit = 2000) => request<EquityPage>(`/api/equity?${query({ limit })}`);

export const getPerformance = (by: string) =>
  request<PerformancePage>(`/api/performance?${query({ by })}`);

export const getTwin = () => request<TwinPage>("/api/twin");

function post<T>(path: string, body: KillSwitch | OrderWish | FlatWish): Promise<T> {
  return request<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export const postKillSwitch = (wish: KillSwitch) => post<Halt>("/api/kill-switch", wish);

export const postOrder = (wish: OrderWish) => post<Done>("/api/orders", wish);

export const postFlatten = (wish: FlatWish) => post<Done>("/api/flatten", wish);
