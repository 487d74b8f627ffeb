"""The compiled step: match, settle, mark, check, place; one code for every driver."""
