import { createTheme } from "@mui/material/styles";

import { DARK, LIGHT, type Palette } from "./palette";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

function schemeOf(palette: Palette) {
  return {
    palette: {
      primary: { main: palette.accent },
      error: { main: palette.danger },
      background: { default: palette.ground, paper: palette.panel },
      text: { primary: palette.text, secondary: palette.dim },
      divider: palette.line,
    },
  };
}

/** The look of the parts from the component library; it follows the system's scheme. */
export const theme = createTheme({
  cssVariables: { colorSchemeSelector: "media" },
  colorSchemes: { light: schemeOf(LIGHT), dark: schemeOf(DARK) },
  spacing: 8,
  shape: { borderRadius: 4 },
  typography: {
    fontFamily: FONT,
    fontSize: 13,
    body1: { fontSize: 13, lineHeight: 1.4 },
    button: { textTransform: "none" },
  },
  components: {
    MuiButtonBase: { defaultProps: { disableRipple: true } },
    MuiPaper: { styleOverrides: { root: { backgroundImage: "none" } } },
    MuiTab: { styleOverrides: { root: { minHeight: 36, padding: "4px 12px", minWidth: 0 } } },
    MuiTabs: { styleOverrides: { root: { minHeight: 36 } } },
  },
});

function variables(palette: Palette): Record<string, string> {
  return Object.fromEntries(
    Object.entries(palette).map(([name, value]) => [`--${name}`, value as string]),
  );
}

/** The same colours for the page's own style sheet. */
export const colours = {
  ":root": variables(LIGHT),
  "@media (prefers-color-scheme: dark)": { ":root": variables(DARK) },
};
