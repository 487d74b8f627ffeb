// Serve the built page with a made-up market: npm run build && npm run play [-- PORT] [--paused]
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { Market } from "./market.mjs";

const PORT = Number(process.argv[2] ?? 8123);
const PAGE = new URL("../../src/assay/apps/gateway/page/", import.meta.url);
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const market = new Market(7, Math.floor(Date.now() / 1000));
market.paused = process.argv.includes("--paused");
const sockets = new Set();

function frame(text) {
  const body = Buffer.from(text);
  if (body.length < 126) return Buffer.concat([Buffer.from([0x81, body.length]), body]);
  const head = Buffer.alloc(body.length < 65536 ? 4 : 10);
  head[0] = 0x81;
  if (body.length < 65536) {
    head[1] = 126;
    head.writeUInt16BE(body.length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  return Buffer.concat([head, body]);
}

function send(message) {
  const bytes = frame(JSON.stringify(message));
  for (const socket of sockets) socket.write(bytes);
}

function sendChanges(data) {
  market.seq += 1;
  send({ type: "delta", seq: market.seq, data });
}

async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString());
}

const ROUTES = {
  "/api/session": () => ({ tenant: "local", account: "paper", version: "play", source: "play", strategy: "ai", model: null }),
  "/api/snapshot": () => market.snapshot(),
  "/api/equity": () => ({ points: market.equity }),
  "/api/twin": () => market.twin(),
  "/api/fills": () => ({ fills: market.fills }),
  "/api/decisions": () => ({ decisions: market.decisions.slice(50), next: null }),
  "/api/bars": (url) => {
    const symbol = url.searchParams.get("symbol");
    const timeframe = url.searchParams.get("timeframe");
    if (timeframe !== "H1") return null;
    return { symbol, timeframe, digits: market.symbols().find((each) => each.symbol === symbol).digits, bars: market.bars[symbol] };
  },
};

const CHECKS = [
  ["trading_halted", "allowed", "exactly", "running", "running", "", 0],
  ["trade_mode", "allowed", "permitted_by", "buy", "both sides", "", 0],
  ["unknown_price", "allowed", "at_most", 1.08442, 10, "", 5],
  ["stale_data", "allowed", "at_most", 0, 3600, "s", 0],
  ["session_closed", "allowed", "exactly", "open", "open", "", 0],
  ["volume", "allowed", "at_most", 0.2, 100, "lots", 2],
  ["spread_too_wide", "allowed", "at_most", 1.1, 2.5, "pips", 1],
  ["position_limit", "allowed", "at_most", 0.2, 10, "lots", 2],
  ["exposure_limit", "allowed", "at_most", 21688.62, 3000000, "USD", 2],
  ["margin", "allowed", "at_most", 433.72, 51170.5, "USD", 2],
  ["daily_loss", "allowed", "below", 61.2, 5000, "USD", 2],
  ["drawdown", "exempt", "below", 1204.11, 20468.2, "USD", 2],
];

function checksOf(denied) {
  return CHECKS.map(([rule, verdict, relation, value, limit, unit, digits]) => {
    const check = { rule, verdict, relation, value, limit, unit, digits, passed: true };
    return rule === denied ? { ...check, verdict: "denied", value: 3.1, passed: false } : check;
  });
}

function detailOf(id) {
  const decision = market.decisions.find((each) => each.id === id);
  const order = market.orders.find((each) => each.key === id.replace("d", "k")) ?? null;
  return {
    ...decision, order, parts: [], fills: market.fills.filter((each) => order && each.order === order.key),
    inputs: [{ name: "rsi_14", value: 61.2 }, { name: "regime", value: "strong bull" }],
    checks: decision.side === "flat" ? [] : checksOf(decision.denied_by),
    patterns: [{
      name: "engulfing", side: "long", verdict: "not confirmed", confidence: 0.41, chance: 0.498,
      history: { share: 0.489, low: 0.431, high: 0.548, count: 280 },
      neighbours: { share: 0.52, low: 0.385, high: 0.652, count: 50 },
    }],
    audit: { entry: 1042, hash: "9f2c".repeat(16) },
  };
}

async function answer(request, url) {
  if (url.pathname === "/api/kill-switch") {
    const { engaged, reason } = await readBody(request);
    market.halt = engaged ? { engaged, reason, by: "page", since: new Date().toISOString() } : { engaged, reason: "", by: "", since: null };
    sendChanges([{ kind: "halt", halt: market.halt }]);
    return market.halt;
  }
  if (url.pathname.startsWith("/api/decisions/")) return detailOf(url.pathname.split("/").at(-1));
  return ROUTES[url.pathname](url);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://127.0.0.1");
  if (url.pathname.startsWith("/api/")) {
    const value = await answer(request, url);
    const problem = { code: "no_bars", message: "This play has hourly bars only.", remedy: "Choose H1." };
    response.writeHead(value === null ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(value ?? problem));
    return;
  }
  const name = url.pathname === "/" ? "index.html" : url.pathname.slice(1);
  try {
    const body = await readFile(new URL(name, PAGE));
    response.writeHead(200, { "content-type": TYPES[name.split(".").at(-1)] ?? "application/json" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});

server.on("upgrade", (request, socket) => {
  const key = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  socket.write(frame(JSON.stringify({ type: "snapshot", seq: market.seq, data: market.snapshot() })));
  sockets.add(socket);
  socket.on("data", () => {}); // the page sends nothing that this play heeds
  for (const event of ["close", "error"]) socket.on(event, () => sockets.delete(socket));
});

setInterval(() => sendChanges(market.step()), 500);
server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
