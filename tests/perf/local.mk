# Benchmarks, built on demand: `make tests/perf/store_bench`; not part of check.
EXTRA_PROGRAMS += tests/perf/decide_bench
tests_perf_decide_bench_SOURCES = tests/perf/decide_bench.c
tests_perf_decide_bench_LDADD = gateway/decide/libfgdecide.a
EXTRA_PROGRAMS += tests/perf/crypto_bench
tests_perf_crypto_bench_SOURCES = tests/perf/crypto_bench.c
tests_perf_crypto_bench_LDADD = $(FG_CRYPTO_LIBS)
EXTRA_PROGRAMS += tests/perf/store_bench
tests_perf_store_bench_SOURCES = tests/perf/store_bench.c
tests_perf_store_bench_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS)
tests_perf_store_bench_LDADD = $(FG_STORE_LIBS)
EXTRA_PROGRAMS += tests/perf/device_load
tests_perf_device_load_SOURCES = tests/perf/device_load.c
tests_perf_device_load_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(PROTOBUF_C_CFLAGS)
tests_perf_device_load_LDADD = $(FG_DEVICE_LIBS)
