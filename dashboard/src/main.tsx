import "./theme/desk.css";

import CssBaseline from "@mui/material/CssBaseline";
import GlobalStyles from "@mui/material/GlobalStyles";
import { ThemeProvider } from "@mui/material/styles";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";

import { Desk } from "./desk/Desk";
import { buildStore } from "./desk/store";
import { followStream } from "./stream/follow";
import { colours, theme } from "./theme/theme";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element root");

const store = buildStore();
const client = followStream(store);

createRoot(root).render(
  <StrictMode>
    <Provider store={store}>
      <ThemeProvider theme={theme}>
        <CssBaseline enableColorScheme />
        <GlobalStyles styles={colours} />
        <Desk onRetry={() => client.retry()} />
      </ThemeProvider>
    </Provider>
  </StrictMode>,
);
