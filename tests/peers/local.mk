# Tests against software that was not written here; tools/check runs them with pytest, after `npm ci` in this folder.
check_PROGRAMS += tests/peers/hpke_tool
tests_peers_hpke_tool_SOURCES = tests/peers/hpke_tool.c
tests_peers_hpke_tool_LDADD = $(FG_CRYPTO_LIBS)
EXTRA_DIST += %D%/package.json %D%/package-lock.json %D%/hpke_peer.mjs %D%/hpke_test.py
check_PROGRAMS += tests/peers/smpp_link_tool
tests_peers_smpp_link_tool_SOURCES = tests/peers/smpp_link_tool.c $(adapter_recorder)
tests_peers_smpp_link_tool_CPPFLAGS = $(adapter_cppflags)
tests_peers_smpp_link_tool_LDADD = $(FG_ADAPTER_LIBS)
EXTRA_DIST += %D%/smpp_client.mjs %D%/smpp_lasting.mjs %D%/application_test.py %D%/application_tls_test.py %D%/application_limits_test.py %D%/application_hostile_test.py %D%/application_tshark_test.py %D%/receipt_storm_test.py %D%/smsc_test.py
EXTRA_DIST += %D%/smpp_server.mjs %D%/smpp_test.py %D%/tshark_test.py %D%/verify_log.py %D%/verify_log_test.py %D%/whole_test.py
check_PROGRAMS += tests/peers/tpdu_tool
tests_peers_tpdu_tool_SOURCES = tests/peers/tpdu_tool.c tests/wire/tpdu_sample.c tests/wire/tpdu_sample.h
tests_peers_tpdu_tool_LDADD = lib/wire/libfgwire.a lib/base/libfgmin.a
EXTRA_DIST += %D%/tpdu_peer.mjs %D%/tpdu_test.py
EXTRA_DIST += %D%/modem_smstools_test.py %D%/modem_kannel_test.py %D%/modem_mm_test.py %D%/modem_test.py
