# tests/adapters: see tests/local.mk
fg_secure_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
check_PROGRAMS += tests/adapters/upgrade_test
TESTS += tests/adapters/upgrade_test
tests_adapters_upgrade_test_SOURCES = tests/adapters/upgrade_test.c
tests_adapters_upgrade_test_LDADD = adapters/secure/libfgsecure.a $(FG_TEST_LIBS) $(EVENT_SSL_LIBS)
check_PROGRAMS += tests/adapters/ws_test
TESTS += tests/adapters/ws_test
tests_adapters_ws_test_SOURCES = tests/adapters/ws_test.c
tests_adapters_ws_test_CPPFLAGS = $(AM_CPPFLAGS) $(TALLOC_CFLAGS)
tests_adapters_ws_test_LDADD = adapters/secure/libfgsecure.a $(FG_TEST_LIBS) $(TALLOC_LIBS) $(WSLAY_LIBS)
