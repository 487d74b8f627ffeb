/** The colours of one scheme; text on its grounds keeps at least 4.5:1. */
export interface Palette {
  ground: string;
  panel: string;
  line: string;
  text: string;
  dim: string;
  accent: string;
  gain: string;
  loss: string;
  danger: string;
  chosen: string;
}

export const DARK: Palette = {
  ground: "#0b0f14",
  panel: "#131922",
  line: "#27303b",
  text: "#e6edf3",
  dim: "#9aa7b4",
  accent: "#b4b8ff",
  gain: "#62adff",
  loss: "#ff9e3d",
  danger: "#d32f2f",
  chosen: "#1e2836",
};

export const LIGHT: Palette = {
  ground: "#eef1f5",
  panel: "#ffffff",
  line: "#d3dae3",
  text: "#111827",
  dim: "#4b5563",
  accent: "#4338ca",
  gain: "#0b57b7",
  loss: "#a84300",
  danger: "#c62828",
  chosen: "#e4ebf5",
};

export const DARK_QUERY = "(prefers-color-scheme: dark)";
/** What is laid out for a phone. */
export const PHONE_QUERY = "(max-width: 719px)";
