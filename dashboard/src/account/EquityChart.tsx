import useMediaQuery from "@mui/material/useMediaQuery";
import { AreaSeries, createChart, LineSeries, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef, useState } from "react";

import type { EquityPoint } from "../api/types";
import { chartOptions, MONEY, PERCENT } from "../chart/canvas";
import { useDesk } from "../desk/store";
import { TIMES_NARROW } from "../chart/overtime";
import { DARK, DARK_QUERY, LIGHT, PHONE_QUERY, type Palette } from "../theme/palette";
import { curveOverTime } from "./curve";

function drawEquity(element: HTMLElement, palette: Palette, isPhone: boolean) {
  const chart = createChart(element, chartOptions(palette));
  const thin = { lineWidth: 2 as const, priceLineVisible: false };
  // Where there is little room, names would cover the newest points; the text above tells them.
  const named = (title: string) => ({ title: isPhone ? "" : title });
  const equity = chart.addSeries(LineSeries, {
    ...thin,
    ...named("equity"),
    color: palette.gain,
    priceFormat: MONEY,
  });
  const balance = chart.addSeries(LineSeries, {
    ...thin,
    lineWidth: 1,
    lineStyle: 2,
    ...named("balance"),
    color: palette.dim,
    priceFormat: MONEY,
  });
  const drawdown = chart.addSeries(
    AreaSeries,
    {
      ...thin,
      lineColor: palette.loss,
      topColor: "transparent",
      bottomColor: "transparent",
      ...named("drawdown"),
      priceFormat: PERCENT,
    },
    1,
  );
  chart.panes()[0]?.setStretchFactor(2);
  return {
    show(points: EquityPoint[]) {
      const curve = curveOverTime(points, isPhone ? TIMES_NARROW : undefined);
      const take = (value: (point: EquityPoint) => number) =>
        curve.map((point) => ({ time: point.time as UTCTimestamp, value: value(point) }));
      equity.setData(take((point) => point.equity));
      balance.setData(take((point) => point.balance));
      drawdown.setData(take((point) => -100 * point.drawdown));
    },
    fit: () => chart.timeScale().fitContent(),
    remove: () => chart.remove(),
  };
}

type EquityCanvas = ReturnType<typeof drawEquity>;

/** Draw equity and balance, and below them the drawdown. */
export default function EquityChart() {
  const element = useRef<HTMLDivElement>(null);
  const [canvas, setCanvas] = useState<EquityCanvas | null>(null);
  const points = useDesk((state) => state.account.equity);
  const palette = useMediaQuery(DARK_QUERY) ? DARK : LIGHT;
  const isPhone = useMediaQuery(PHONE_QUERY);
  const count = points.length;
  useEffect(() => {
    if (element.current === null) return undefined;
    const made = drawEquity(element.current, palette, isPhone);
    setCanvas(made);
    return () => made.remove();
  }, [palette, isPhone]);
  useEffect(() => canvas?.show(points), [canvas, points]);
  useEffect(() => canvas?.fit(), [canvas, count]);
  return (
    <div
      ref={element}
      className="canvas"
      role="group"
      aria-label="Equity, balance and drawdown over time"
    />
  );
}
