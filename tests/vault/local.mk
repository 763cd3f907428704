# tests/vault: the log and the vault joined by function calls.
fg_chain_libs = gateway/vault/libfgvault.a gateway/log/libfglog.a gateway/log/libfgchain.a \
	gateway/decide/libfgdecide.a lib/proto/libfgproto.a lib/wire/libfgwire.a lib/ipc/libfgipc.a \
	lib/base/libfgbase.a lib/crypto/libfgcrypto.a $(FG_TEST_LIBS) $(PROTOBUF_C_LIBS) $(SODIUM_LIBS) \
	$(EVENT_LIBS) $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(CONFIG_LIBS)
check_PROGRAMS += tests/vault/chain_test
TESTS += tests/vault/chain_test
tests_vault_chain_test_SOURCES = tests/vault/chain_test.c tests/support/chain_fixture.c tests/support/chain_fixture.h
tests_vault_chain_test_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
tests_vault_chain_test_LDADD = $(fg_chain_libs)
