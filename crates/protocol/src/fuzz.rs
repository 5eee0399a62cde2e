//! Fuzz targets: plain functions, replayed on stable and driven by libFuzzer. None may ever panic.
