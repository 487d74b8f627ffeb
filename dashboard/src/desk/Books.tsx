import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";

import { EquityPanel } from "../account/EquityPanel";
import { HandKeys } from "../hand/HandKeys";
import { LimitsPanel } from "../limits/LimitsPanel";
import { PerformancePanel } from "../performance/PerformancePanel";
import { Alerts, Fills, Orders, Positions } from "../trading/sheets";
import { TwinPanel } from "../twin/TwinPanel";
import { bookOpened, BOOKS, type Book } from "./slice";
import { useDesk, useDeskDispatch } from "./store";

const PANELS = {
  positions: Positions,
  orders: Orders,
  fills: Fills,
  equity: EquityPanel,
  performance: PerformancePanel,
  twin: TwinPanel,
  limits: LimitsPanel,
  alerts: Alerts,
} as const;

/** Where a person looks when there is something to order. */
const ORDERED: ReadonlySet<Book> = new Set(["positions", "orders"]);

function useCounts(): Record<Book, number | null> {
  const positions = useDesk((state) => state.trading.positions.length);
  const orders = useDesk((state) => state.trading.orders.length);
  const fills = useDesk((state) => state.trading.fills.length);
  const alerts = useDesk((state) => state.trading.alerts.length);
  return { positions, orders, fills, equity: null, performance: null, twin: null, limits: null, alerts };
}

/** Show what is held, ordered and done, the curve, the performance, the days beside their twins, the limits and the alerts, one tab each. */
export function Books() {
  const dispatch = useDeskDispatch();
  const book = useDesk((state) => state.desk.book);
  const counts = useCounts();
  const Panel = PANELS[book];
  return (
    <section className="panel books" aria-label="Books">
      <Tabs
        value={book}
        variant="scrollable"
        scrollButtons={false}
        aria-label="Books"
        onChange={(_, value: Book) => dispatch(bookOpened(value))}
      >
        {BOOKS.map((each) => (
          <Tab
            key={each}
            value={each}
            id={`book-${each}`}
            aria-controls={each === book ? "book-panel" : undefined}
            label={counts[each] === null ? each : `${each} ${counts[each]}`}
          />
        ))}
      </Tabs>
      <div className="book" id="book-panel" role="tabpanel" aria-labelledby={`book-${book}`}>
        {ORDERED.has(book) && <HandKeys />}
        <Panel />
      </div>
    </section>
  );
}
