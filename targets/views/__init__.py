"""The pages of this app: targets, the members on 1 January, years closed."""
