# Benchmarks, built on demand: `make tests/perf/store_bench`; not part of check.
EXTRA_PROGRAMS += tests/perf/store_bench
tests_perf_store_bench_SOURCES = tests/perf/store_bench.c
tests_perf_store_bench_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS)
tests_perf_store_bench_LDADD = $(FG_STORE_LIBS)
CLEANFILES += tests/perf/store_bench
