check_PROGRAMS += tests/store/sqlite_test tests/store/kill_test
TESTS += tests/store/sqlite_test tests/store/kill_test
tests_store_common = tests/store/conformance.h tests/store/store_support.c tests/store/store_support.h
tests_store_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(SQLITE_CFLAGS)
tests_store_sqlite_test_SOURCES = tests/store/sqlite_test.c tests/store/conformance.c \
	tests/store/conformance_clauses.c tests/store/conformance_relay.c tests/store/model.c \
	tests/store/faults.c tests/store/faults.h $(tests_store_common)
tests_store_sqlite_test_CPPFLAGS = $(tests_store_cppflags)
tests_store_sqlite_test_LDADD = $(FG_STORE_LIBS) $(FG_TEST_LIBS)
tests_store_kill_test_SOURCES = tests/store/kill_test.c $(tests_store_common)
tests_store_kill_test_CPPFLAGS = $(tests_store_cppflags)
tests_store_kill_test_LDADD = $(FG_STORE_LIBS) $(FG_TEST_LIBS)
