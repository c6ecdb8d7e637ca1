"""Pages of files, of meetings, of classes, of rules."""
