export const MINUS = "\u2212";
export const NONE = "\u2013";

const formats = new Map<number, Intl.NumberFormat>();

function formatOf(digits: number): Intl.NumberFormat {
  let format = formats.get(digits);
  if (format === undefined) {
    format = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(digits, format);
  }
  return format;
}

/** Write a number with fixed decimals, thousands separators and a true minus sign. */
export function formatNumber(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const text = formatOf(digits).format(Math.abs(value));
  const isZero = !/[1-9]/.test(text);
  return value < 0 && !isZero ? MINUS + text : text;
}

/** Return how many decimals a number needs, at most five. */
export function decimalsOf(value: number): number {
  const [, decimals = ""] = value.toFixed(5).split(".");
  return decimals.replace(/0+$/, "").length;
}

/** Write a number with its sign, plus included; zero has none. */
export function formatSigned(value: number | null | undefined, digits: number): string {
  const text = formatNumber(value, digits);
  return value !== null && value !== undefined && value > 0 && /[1-9]/.test(text)
    ? `+${text}`
    : text;
}

/** Write a fraction as percent. */
export function formatPercent(fraction: number | null | undefined, digits = 2): string {
  if (fraction === null || fraction === undefined) return NONE;
  return `${formatNumber(fraction * 100, digits)}\u00a0%`;
}

/** Write a fraction as percent with its sign. */
export function formatSignedPercent(fraction: number, digits = 2): string {
  return `${formatSigned(fraction * 100, digits)}\u00a0%`;
}

/** Tell the direction of a number by a shape, beside its colour. */
export function arrowOf(value: number): string {
  if (value > 0) return "\u25b2";
  return value < 0 ? "\u25bc" : "\u25c6";
}
