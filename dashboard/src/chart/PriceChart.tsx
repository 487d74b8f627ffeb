import useMediaQuery from "@mui/material/useMediaQuery";
import { useEffect, useMemo, useRef, useState } from "react";

import { useDesk } from "../desk/store";
import { DARK, DARK_QUERY, LIGHT } from "../theme/palette";
import { PriceCanvas } from "./canvas";
import { bandOf, drawdownOf, heldOf, levelsOf, marksOf } from "./overlays";

/** What lies on the bars, recomputed only where its own source changed. */
function useOverlays() {
  const symbol = useDesk((state) => state.chart.symbol) ?? "";
  const times = useDesk((state) => state.chart.times);
  const fills = useDesk((state) => state.trading.fills);
  const positions = useDesk((state) => state.trading.positions);
  const decisions = useDesk((state) => state.decisions.items);
  const equity = useDesk((state) => state.account.equity);
  const held = heldOf(positions, symbol);
  return {
    marks: useMemo(() => marksOf(fills, symbol, times, held), [fills, symbol, times, held]),
    levels: useMemo(() => levelsOf(positions, symbol), [positions, symbol]),
    band: useMemo(() => bandOf(decisions, symbol, times), [decisions, symbol, times]),
    drawdown: useMemo(() => drawdownOf(equity, times), [equity, times]),
  };
}

interface PriceChartProps {
  label: string;
  onCrosshair: (seconds: number | null) => void;
  /** Told of the canvas while there is one. */
  onCanvas: (canvas: PriceCanvas | null) => void;
}

/** Show the chosen symbol's bars on a canvas that follows the stream. */
export default function PriceChart({ label, onCrosshair, onCanvas }: PriceChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const [canvas, setCanvas] = useState<PriceCanvas | null>(null);
  const seriesShown = useRef(-1);
  const palette = useMediaQuery(DARK_QUERY) ? DARK : LIGHT;
  const { bars, digits, series } = useDesk((state) => state.chart);
  const { marks, levels, band, drawdown } = useOverlays();

  useEffect(() => {
    if (element.current === null) return undefined;
    const made = new PriceCanvas(element.current, palette, onCrosshair);
    seriesShown.current = -1;
    setCanvas(made);
    onCanvas(made);
    return () => {
      onCanvas(null);
      made.destroy();
    };
  }, [palette, onCrosshair, onCanvas]);

  useEffect(() => {
    if (canvas === null) return;
    canvas.setBars(bars, digits, seriesShown.current !== series);
    seriesShown.current = series;
  }, [canvas, bars, digits, series]);
  useEffect(() => canvas?.setMarks(marks), [canvas, marks]);
  useEffect(() => canvas?.setLevels(levels), [canvas, levels]);
  useEffect(() => canvas?.setProbability(band), [canvas, band]);
  useEffect(() => canvas?.setDrawdown(drawdown), [canvas, drawdown]);

  return <div ref={element} className="canvas" role="group" aria-label={label} />;
}
