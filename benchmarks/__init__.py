"""Measurements: `make bench`. Read ratios, not milliseconds: all are of one run, interleaved."""
