"""The pages that show figures: the dashboard, organisations, and the records behind a number."""
