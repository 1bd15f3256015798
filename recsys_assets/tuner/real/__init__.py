"""The real pipeline under measurement: what it reads, who takes its batches, probes, the measured grid, a profile."""
