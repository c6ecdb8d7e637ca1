"""Reads over attainment, targets, admissions and files, shaped for the pages of reports."""
