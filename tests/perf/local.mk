# tests/perf: see tests/local.mk
