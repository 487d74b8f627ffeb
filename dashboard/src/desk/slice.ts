import { createSlice, type PayloadAction } from "@reduxjs/toolkit";

export const BOOKS = ["positions", "orders", "fills", "equity", "performance", "twin", "limits", "alerts"] as const;
export type Book = (typeof BOOKS)[number];
export const VIEWS = ["desk", "watch", "decisions", "positions", "more"] as const;
/** What a phone shows; a wider screen shows all of them at once. */
export type View = (typeof VIEWS)[number];

interface DeskState {
  book: Book;
  view: View;
  keysShown: boolean;
}

const initialState: DeskState = { book: "positions", view: "desk", keysShown: false };

const desk = createSlice({
  name: "desk",
  initialState,
  reducers: {
    bookOpened(state, action: PayloadAction<Book>) {
      state.book = action.payload;
      state.view = action.payload === "positions" ? "positions" : "more";
    },
    viewOpened(state, action: PayloadAction<View>) {
      state.view = action.payload;
      if (action.payload === "positions") state.book = "positions";
      if (action.payload === "more" && state.book === "positions") state.book = "orders";
    },
    keysToggled(state, action: PayloadAction<boolean>) {
      state.keysShown = action.payload;
    },
  },
});

export const { bookOpened, viewOpened, keysToggled } = desk.actions;
export const deskReducer = desk.reducer;
