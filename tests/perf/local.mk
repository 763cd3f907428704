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
EXTRA_PROGRAMS += tests/perf/smpp_bench
tests_perf_smpp_bench_SOURCES = tests/perf/smpp_bench.c
tests_perf_smpp_bench_LDADD = lib/wire/libfgwire.a lib/base/libfgmin.a
EXTRA_PROGRAMS += tests/perf/tpdu_bench
tests_perf_tpdu_bench_SOURCES = tests/perf/tpdu_bench.c
tests_perf_tpdu_bench_LDADD = lib/wire/libfgwire.a lib/base/libfgmin.a
# The load and the sink of the SMPP bench, beside Fallgate or another gateway.
EXTRA_PROGRAMS += tests/perf/smpp_load tests/perf/smpp_sink
tests_perf_smpp_load_SOURCES = tests/perf/smpp_load.c tests/perf/smpp_peer.c tests/perf/smpp_peer.h
tests_perf_smpp_load_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
tests_perf_smpp_load_LDADD = lib/wire/libfgwire.a lib/base/libfgmin.a $(EVENT_LIBS)
tests_perf_smpp_sink_SOURCES = tests/perf/smpp_sink.c tests/perf/smpp_peer.c tests/perf/smpp_peer.h
tests_perf_smpp_sink_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
tests_perf_smpp_sink_LDADD = lib/wire/libfgwire.a lib/base/libfgmin.a $(EVENT_LIBS)
EXTRA_PROGRAMS += tests/perf/http_load
tests_perf_http_load_SOURCES = tests/perf/http_load.c tests/perf/smpp_peer.c tests/perf/smpp_peer.h
tests_perf_http_load_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
tests_perf_http_load_LDADD = lib/wire/libfgwire.a lib/base/libfgmin.a $(EVENT_LIBS)
EXTRA_PROGRAMS += tests/perf/smpp_link_bench
tests_perf_smpp_link_bench_SOURCES = tests/perf/smpp_link_bench.c
tests_perf_smpp_link_bench_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(SODIUM_CFLAGS)
tests_perf_smpp_link_bench_LDADD = $(FG_ADAPTER_LIBS)
EXTRA_PROGRAMS += tests/perf/relay_bench
tests_perf_relay_bench_SOURCES = tests/perf/relay_bench.c
tests_perf_relay_bench_CPPFLAGS = $(fg_core_cppflags)
tests_perf_relay_bench_LDADD = $(fg_core_libs)
EXTRA_PROGRAMS += tests/perf/chain_bench
tests_perf_chain_bench_SOURCES = tests/perf/chain_bench.c
tests_perf_chain_bench_CPPFLAGS = $(fg_chain_cppflags)
tests_perf_chain_bench_LDADD = gateway/vault/libfgvault.a gateway/log/libfglog.a gateway/log/libfgchain.a \
	gateway/decide/libfgdecide.a lib/proto/libfgproto.a lib/wire/libfgwire.a lib/ipc/libfgipc.a \
	lib/base/libfgbase.a lib/crypto/libfgcrypto.a lib/base/libfgmin.a $(PROTOBUF_C_LIBS) $(SODIUM_LIBS) \
	$(EVENT_LIBS) $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(CONFIG_LIBS)
EXTRA_PROGRAMS += tests/perf/modem_link_bench
tests_perf_modem_link_bench_SOURCES = tests/perf/modem_link_bench.c
tests_perf_modem_link_bench_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(SODIUM_CFLAGS)
tests_perf_modem_link_bench_LDADD = $(FG_ADAPTER_LIBS)
