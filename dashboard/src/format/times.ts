const NEW_YORK_OFFSET = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/New_York",
  timeZoneName: "shortOffset",
});
const HOUR_MS = 3_600_000;

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** Return the hours by which broker servers with a New York close are ahead of UTC. */
export function brokerOffsetHours(ms: number): number {
  const part = NEW_YORK_OFFSET.formatToParts(ms).find((each) => each.type === "timeZoneName");
  return Number(part?.value.replace("GMT", "") ?? -5) + 7;
}

/** Write the time of day in UTC, or that many hours ahead of it. */
export function formatClock(ms: number, offsetHours = 0): string {
  const date = new Date(ms + offsetHours * HOUR_MS);
  return [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(pad).join(":");
}

/** Write the day as YYYY-MM-DD in UTC, or that many hours ahead of it. */
export function formatDay(ms: number, offsetHours = 0): string {
  return new Date(ms + offsetHours * HOUR_MS).toISOString().slice(0, 10);
}

/** Write a moment as date and minute in UTC. */
export function formatMoment(iso: string): string {
  return iso.length >= 16 ? `${iso.slice(0, 10)} ${iso.slice(11, 16)}` : iso;
}

/** Write an age the way one reads it: 84 ms, 3.2 s, 4 min, 2 h. */
export function formatAge(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / 60_000)} min`;
  return `${Math.floor(ms / HOUR_MS)} h`;
}
