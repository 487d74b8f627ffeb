import {
  AreaSeries,
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  LineSeries,
  LineStyle,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";

import type { Bar } from "../api/types";
import { formatNumber } from "../format/numbers";
import type { Palette } from "../theme/palette";
import { NO_BAND, type Seen } from "./exporting";
import type { Band, Level, Mark, Point } from "./overlays";

const BAR_PX = 8;

const at = (seconds: number) => seconds as UTCTimestamp;

function candleOf(bar: Bar) {
  return { time: at(bar.time), open: bar.open, high: bar.high, low: bar.low, close: bar.close };
}

/** How a chart writes percent on its axis. */
export const PERCENT = {
  type: "custom" as const,
  minMove: 0.001,
  formatter: (value: number) => `${value.toFixed(2)} %`,
};

/** How a chart writes money on its axis. */
export const MONEY = {
  type: "custom" as const,
  minMove: 0.01,
  formatter: (value: number) => formatNumber(value, Math.abs(value) < 100 ? 2 : 0),
};

const pointOf = (point: Point) => ({ time: at(point.time), value: point.value });

/** Return what all charts of the page share. */
export function chartOptions(palette: Palette) {
  return {
    autoSize: true,
    layout: {
      background: { color: palette.panel },
      textColor: palette.dim,
      fontSize: 11,
      panes: { separatorColor: palette.line, enableResize: true },
      attributionLogo: false, // the licence's notice stands as a text link under the chart
    },
    grid: { vertLines: { color: palette.line }, horzLines: { color: palette.line } },
    rightPriceScale: { borderColor: palette.line },
    timeScale: { borderColor: palette.line, timeVisible: true, secondsVisible: false },
    localization: { locale: "en-GB" },
  };
}

/** Draw prices, levels and marks, and below them probability or volume, and drawdown. */
export class PriceCanvas {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick">;
  private readonly marks: ISeriesMarkersPluginApi<Time>;
  private volume: ISeriesApi<"Histogram"> | null = null;
  private band: Record<keyof Band, ISeriesApi<"Line">> | null = null;
  private readonly drawdown: ISeriesApi<"Area">;
  private lines: IPriceLine[] = [];
  private lastLine: IPriceLine | null = null;
  private shown: Bar[] = [];
  private under: Omit<Seen, "bars"> = { band: NO_BAND, drawdown: [] };

  constructor(
    element: HTMLElement,
    private readonly palette: Palette,
    onCrosshair: (seconds: number | null) => void,
  ) {
    this.chart = createChart(element, chartOptions(palette));
    this.candles = this.addCandles();
    this.marks = createSeriesMarkers(this.candles, []);
    this.drawdown = this.addDrawdown();
    this.sharePanes();
    this.chart.subscribeCrosshairMove(({ time }) => {
      onCrosshair(typeof time === "number" ? time : null);
    });
  }

  private addCandles(): ISeriesApi<"Candlestick"> {
    const { gain, loss, panel } = this.palette;
    return this.chart.addSeries(CandlestickSeries, {
      upColor: panel, // rising bars are hollow: the shape tells without the colour
      lastValueVisible: false, // a line of its own, in the colour of the last bar's direction
      priceLineVisible: false,
      downColor: loss,
      borderUpColor: gain,
      borderDownColor: loss,
      wickUpColor: gain,
      wickDownColor: loss,
    });
  }

  /** The third pane appears only when there is a probability or a volume to show. */
  private sharePanes(): void {
    const shares = [6, 1.2, 1.4];
    this.chart.panes().forEach((pane, index) => pane.setStretchFactor(shares[index] ?? 1));
  }

  private addBand(): Record<keyof Band, ISeriesApi<"Line">> {
    const thin = { lineWidth: 1, priceLineVisible: false, lastValueVisible: false } as const;
    const edge = { ...thin, color: this.palette.dim, lineStyle: LineStyle.Dotted };
    const main = { ...thin, color: this.palette.accent, lastValueVisible: true } as const;
    const band = {
      lower: this.chart.addSeries(LineSeries, edge, 2),
      value: this.chart.addSeries(LineSeries, main, 2),
      upper: this.chart.addSeries(LineSeries, edge, 2),
    };
    this.sharePanes();
    return band;
  }

  private addVolume(): ISeriesApi<"Histogram"> {
    const options = { color: this.palette.line, priceLineVisible: false, lastValueVisible: false };
    const scale = { ...options, priceScaleId: "volume", priceFormat: { type: "volume" as const } };
    const volume = this.chart.addSeries(HistogramSeries, scale, 2);
    this.sharePanes();
    return volume;
  }

  private addDrawdown(): ISeriesApi<"Area"> {
    const options = {
      lineColor: this.palette.loss,
      topColor: "transparent",
      bottomColor: "transparent",
      lineWidth: 2 as const,
      priceLineVisible: false,
      priceFormat: PERCENT,
    };
    return this.chart.addSeries(AreaSeries, options, 1);
  }

  /** Show bars; a fresh series begins at its newest end, else only what changed is drawn. */
  setBars(bars: Bar[], digits: number, fresh: boolean): void {
    const grown = bars.length - this.shown.length;
    const continues = grown >= 0 && grown <= 1 && this.shown[0]?.time === bars[0]?.time;
    if (continues && !fresh) {
      for (const bar of bars.slice(-1 - grown)) this.updateBar(bar);
    } else {
      this.replaceBars(bars, digits);
      if (fresh) this.showNewest(bars.length);
    }
    this.shown = bars;
    const last = bars.at(-1);
    if (last) this.showLast(last);
  }

  private replaceBars(bars: Bar[], digits: number): void {
    this.candles.applyOptions({
      priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits },
    });
    this.candles.setData(bars.map(candleOf));
    if (bars.every((bar) => bar.volume === null)) return;
    this.volume ??= this.addVolume();
    this.volume.setData(bars.map((bar) => ({ time: at(bar.time), value: bar.volume ?? 0 })));
  }

  private showLast(bar: Bar): void {
    const color = bar.close >= bar.open ? this.palette.gain : this.palette.loss;
    const options = { price: bar.close, color, lineStyle: LineStyle.Dotted, lineWidth: 1 } as const;
    if (this.lastLine === null) this.lastLine = this.candles.createPriceLine(options);
    else this.lastLine.applyOptions(options);
  }

  private updateBar(bar: Bar): void {
    this.candles.update(candleOf(bar));
    this.volume?.update({ time: at(bar.time), value: bar.volume ?? 0 });
  }

  private showNewest(count: number): void {
    const fitting = Math.floor(this.chart.timeScale().width() / BAR_PX) || 100;
    this.chart.timeScale().setVisibleLogicalRange({ from: count - fitting, to: count + 4 });
  }

  setMarks(marks: Mark[]): void {
    const { gain, loss, text } = this.palette;
    this.marks.setMarkers(
      marks.map((mark): SeriesMarker<Time> => {
        const isLong = mark.side === "long";
        const shape = mark.closes ? "circle" : isLong ? "arrowUp" : "arrowDown";
        return {
          time: at(mark.time),
          position: isLong ? "belowBar" : "aboveBar",
          shape,
          color: mark.closes ? text : isLong ? gain : loss,
          size: mark.closes ? 0.7 : 1,
        };
      }),
    );
  }

  setLevels(levels: Level[]): void {
    for (const line of this.lines) this.candles.removePriceLine(line);
    const colours = { entry: this.palette.dim, stop: this.palette.loss, target: this.palette.gain };
    const styles = { entry: LineStyle.Dotted, stop: LineStyle.Dashed, target: LineStyle.Dashed };
    this.lines = levels.map(({ kind, price, title }) =>
      this.candles.createPriceLine({
        price,
        title,
        color: colours[kind],
        lineStyle: styles[kind],
        lineWidth: 1,
        axisLabelVisible: true,
      }),
    );
  }

  setProbability(band: Band): void {
    this.under.band = band;
    if (band.value.length === 0 && this.band === null) return;
    this.band ??= this.addBand();
    this.band.lower.setData(band.lower.map(pointOf));
    this.band.value.setData(band.value.map(pointOf));
    this.band.upper.setData(band.upper.map(pointOf));
  }

  setDrawdown(points: Point[]): void {
    this.under.drawdown = points;
    this.drawdown.setData(points.map(pointOf));
  }

  /** Return the bars in view, and what lies under them. */
  seen(): Seen {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    const from = Math.max(0, Math.ceil(range?.from ?? 0));
    const bars = this.shown.slice(from, Math.floor(range?.to ?? Infinity) + 1);
    return { bars, ...this.under };
  }

  /** Return the chart in view as a picture. */
  picture(): HTMLCanvasElement {
    return this.chart.takeScreenshot();
  }

  destroy(): void {
    this.chart.remove();
  }
}
