import useMediaQuery from "@mui/material/useMediaQuery";

import { useDesk } from "../desk/store";
import { formatMoment } from "../format/times";
import { DARK, DARK_QUERY, LIGHT } from "../theme/palette";
import { TABLE_ROWS } from "./BarTable";
import type { PriceCanvas } from "./canvas";
import { csvOf, fileNameOf, NO_BAND, save, type Seen, titled } from "./exporting";

interface ChartToolsProps {
  /** The drawn chart; null where the bars are shown as a table, or not at all. */
  canvas: PriceCanvas | null;
  asTable: boolean;
  onTable: () => void;
}

/** Offer the bars as a table, and what is seen as a CSV file and as a picture. */
export function ChartTools({ canvas, asTable, onTable }: ChartToolsProps) {
  const { symbol, timeframe, bars, digits } = useDesk((state) => state.chart);
  const palette = useMediaQuery(DARK_QUERY) ? DARK : LIGHT;
  const name = `${symbol} ${timeframe}`;
  const seen = (): Seen =>
    canvas?.seen() ?? { bars: bars.slice(-TABLE_ROWS), band: NO_BAND, drawdown: [] };
  const saveBars = () => {
    const shown = seen();
    const file = new Blob([csvOf(shown, digits)], { type: "text/csv" });
    save(file, fileNameOf(name, shown.bars, "csv"));
  };
  const savePicture = () => {
    const shown = seen().bars;
    const last = formatMoment(new Date((shown.at(-1)?.time ?? 0) * 1000).toISOString());
    const title = `${name}, bid, to ${last} UTC \u00b7 Assay \u00b7 Charts by TradingView`;
    if (canvas === null) return;
    titled(canvas.picture(), title, palette).toBlob((file) => {
      if (file !== null) save(file, fileNameOf(name, shown, "png"));
    });
  };
  return (
    <div className="keys" role="group" aria-label="Chart as">
      <button type="button" aria-pressed={asTable} onClick={onTable}>
        Table
      </button>
      <button
        type="button"
        disabled={bars.length === 0}
        title="Save the bars in view as a CSV file"
        onClick={saveBars}
      >
        CSV
      </button>
      <button
        type="button"
        disabled={canvas === null}
        title="Save the chart in view as a picture"
        onClick={savePicture}
      >
        Picture
      </button>
    </div>
  );
}
