import useMediaQuery from "@mui/material/useMediaQuery";
import { createChart, LineSeries, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef } from "react";

import type { PerformancePart } from "../api/types";
import { chartOptions, MONEY } from "../chart/canvas";
import { heldOverTime } from "../chart/overtime";
import { DARK, DARK_QUERY, LIGHT } from "../theme/palette";
import { chooseParts, fromNothing, timesOf } from "./curves";

const STYLES = [0, 2, 1, 4, 3, 0] as const;

/** Draw the net result of each part over time, told apart by colour and by the dashes of its line. */
export default function PartCurves({ parts, currency }: { parts: PerformancePart[]; currency: string }) {
  const element = useRef<HTMLDivElement>(null);
  const palette = useMediaQuery(DARK_QUERY) ? DARK : LIGHT;
  useEffect(() => {
    if (element.current === null) return undefined;
    const chart = createChart(element.current, chartOptions(palette));
    const colours = [palette.gain, palette.loss, palette.accent, palette.text, palette.dim, palette.danger];
    const chosen = chooseParts(parts);
    const times = timesOf(chosen);
    chosen.forEach((part, index) => {
      const series = chart.addSeries(LineSeries, {
        color: colours[index] ?? palette.text,
        lineStyle: STYLES[index] ?? 0,
        lineWidth: 2,
        priceLineVisible: false,
        priceFormat: MONEY,
        title: parts.length > 1 ? part.name : "",
      });
      const points = heldOverTime(fromNothing(part.course?.points ?? []), times);
      series.setData(points.map(({ time, net }) => ({ time: time as UTCTimestamp, value: net })));
    });
    chart.timeScale().fitContent();
    return () => chart.remove();
  }, [palette, parts]);
  return (
    <div
      ref={element}
      className="canvas"
      role="group"
      aria-label={`Net result of closed trades over time, ${currency}`}
    />
  );
}
