# tests/vault: the log and the vault joined by function calls.
fg_chain_libs = gateway/vault/libfgvault.a gateway/log/libfglog.a gateway/log/libfgchain.a \
	gateway/decide/libfgdecide.a lib/proto/libfgproto.a lib/wire/libfgwire.a lib/ipc/libfgipc.a \
	lib/base/libfgbase.a lib/crypto/libfgcrypto.a $(FG_TEST_LIBS) $(PROTOBUF_C_LIBS) $(SODIUM_LIBS) \
	$(EVENT_LIBS) $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(CONFIG_LIBS)
# The fixture watches what the log does with its disk.
fg_chain_ldflags = $(AM_LDFLAGS) -Wl,--wrap=fdatasync
fg_chain_cppflags = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
fg_chain_fixture = tests/support/chain_fixture.c tests/support/chain_fixture.h
fg_relay_fixture = $(fg_chain_fixture) tests/support/relay_fixture.c tests/support/relay_fixture.h
check_PROGRAMS += tests/vault/chain_test
TESTS += tests/vault/chain_test
tests_vault_chain_test_SOURCES = tests/vault/chain_test.c $(fg_chain_fixture)
tests_vault_chain_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_chain_test_LDADD = $(fg_chain_libs)
tests_vault_chain_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/bytes_test
TESTS += tests/vault/bytes_test
tests_vault_bytes_test_SOURCES = tests/vault/bytes_test.c $(fg_chain_fixture)
tests_vault_bytes_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_bytes_test_LDADD = $(fg_chain_libs)
tests_vault_bytes_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/vault_test
TESTS += tests/vault/vault_test
tests_vault_vault_test_SOURCES = tests/vault/vault_test.c $(fg_chain_fixture)
tests_vault_vault_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_vault_test_LDADD = $(fg_chain_libs)
tests_vault_vault_test_LDFLAGS = $(fg_chain_ldflags) -Wl,--wrap=_talloc_zero -Wl,--wrap=_talloc_realloc
check_PROGRAMS += tests/log/ledger_test
TESTS += tests/log/ledger_test
tests_log_ledger_test_SOURCES = tests/log/ledger_test.c $(fg_chain_fixture)
tests_log_ledger_test_CPPFLAGS = $(fg_chain_cppflags)
tests_log_ledger_test_LDADD = $(fg_chain_libs)
tests_log_ledger_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/relay_test
TESTS += tests/vault/relay_test
tests_vault_relay_test_SOURCES = tests/vault/relay_test.c $(fg_relay_fixture)
tests_vault_relay_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_relay_test_LDADD = $(fg_chain_libs)
tests_vault_relay_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/copies_test
TESTS += tests/vault/copies_test
tests_vault_copies_test_SOURCES = tests/vault/copies_test.c $(fg_relay_fixture)
tests_vault_copies_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_copies_test_LDADD = client/device/libfallgatedevice.a client/device/libfgdevicestate.a $(fg_chain_libs)
tests_vault_copies_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/storekey_test
TESTS += tests/vault/storekey_test
tests_vault_storekey_test_SOURCES = tests/vault/storekey_test.c $(fg_relay_fixture)
tests_vault_storekey_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_storekey_test_LDADD = $(fg_chain_libs)
tests_vault_storekey_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/parts_test
TESTS += tests/vault/parts_test
tests_vault_parts_test_SOURCES = tests/vault/parts_test.c $(fg_relay_fixture)
tests_vault_parts_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_parts_test_LDADD = $(fg_chain_libs)
tests_vault_parts_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/ask_test
TESTS += tests/vault/ask_test
tests_vault_ask_test_SOURCES = tests/vault/ask_test.c $(fg_relay_fixture)
tests_vault_ask_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_ask_test_LDADD = $(fg_chain_libs)
tests_vault_ask_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/vault/legs_test
TESTS += tests/vault/legs_test
tests_vault_legs_test_SOURCES = tests/vault/legs_test.c $(fg_relay_fixture)
tests_vault_legs_test_CPPFLAGS = $(fg_chain_cppflags)
tests_vault_legs_test_LDADD = $(fg_chain_libs)
tests_vault_legs_test_LDFLAGS = $(fg_chain_ldflags)
check_PROGRAMS += tests/log/known_test
TESTS += tests/log/known_test
tests_log_known_test_SOURCES = tests/log/known_test.c $(fg_relay_fixture)
tests_log_known_test_CPPFLAGS = $(fg_chain_cppflags)
tests_log_known_test_LDADD = $(fg_chain_libs)
tests_log_known_test_LDFLAGS = $(fg_chain_ldflags)
