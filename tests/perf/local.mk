# tests/perf: see tests/local.mk
EXTRA_PROGRAMS += tests/perf/decide_bench
tests_perf_decide_bench_SOURCES = tests/perf/decide_bench.c
tests_perf_decide_bench_LDADD = gateway/decide/libfgdecide.a
EXTRA_PROGRAMS += tests/perf/crypto_bench
tests_perf_crypto_bench_SOURCES = tests/perf/crypto_bench.c
tests_perf_crypto_bench_LDADD = $(FG_CRYPTO_LIBS)
