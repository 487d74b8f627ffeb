import type { Bar } from "../api/types";
import type { Palette } from "../theme/palette";
import type { Band, Point } from "./overlays";

/** What a chart shows now: the bars in view, and what lies under them. */
export interface Seen {
  bars: Bar[];
  band: Band;
  drawdown: Point[];
}

export const NO_BAND: Band = { lower: [], value: [], upper: [] };

const PRICES = ["open", "high", "low", "close"] as const;
const HEAD = [
  "time_utc",
  ...PRICES,
  "spread",
  "volume",
  "forming",
  "p_rise",
  "p_rise_lower",
  "p_rise_upper",
  "drawdown_percent",
];
const TITLE_PX = 28;

function byTime(points: Point[]): (time: number) => string {
  const values = new Map(points.map((point) => [point.time, point.value]));
  return (time) => values.get(time)?.toFixed(4) ?? "";
}

/** Write what is seen as CSV: one bar a row, the oldest first; unknown cells are empty. */
export function csvOf({ bars, band, drawdown }: Seen, digits: number): string {
  const under = [band.value, band.lower, band.upper, drawdown].map(byTime);
  const rows = bars.map((bar) => [
    new Date(bar.time * 1000).toISOString(),
    ...PRICES.map((name) => bar[name].toFixed(digits)),
    bar.spread.toFixed(digits),
    bar.volume ?? "",
    bar.forming,
    ...under.map((valueAt) => valueAt(bar.time)),
  ]);
  return [HEAD, ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

function compact(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace(/[-:]/g, "");
}

/** Name a file after the symbol, the timeframe and the span of its bars. */
export function fileNameOf(name: string, bars: Bar[], extension: string): string {
  const span = [bars[0], bars.at(-1)].flatMap((bar) => (bar ? [compact(bar.time)] : []));
  return `${[...name.split(" "), ...span].join("_")}.${extension}`;
}

/** Return a chart's picture under a line that says what and when it is, and whose chart. */
export function titled(
  picture: HTMLCanvasElement,
  title: string,
  palette: Palette,
): HTMLCanvasElement {
  const scale = devicePixelRatio;
  const whole = document.createElement("canvas");
  whole.width = picture.width;
  whole.height = picture.height + TITLE_PX * scale;
  const pen = whole.getContext("2d");
  if (pen === null) return picture;
  pen.fillStyle = palette.panel;
  pen.fillRect(0, 0, whole.width, whole.height);
  pen.fillStyle = palette.text;
  pen.font = `${13 * scale}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  pen.fillText(title, 8 * scale, (TITLE_PX / 2) * scale);
  pen.drawImage(picture, 0, TITLE_PX * scale);
  return whole;
}

/** Let the browser save a file. */
export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000); // once the browser has taken it
}
