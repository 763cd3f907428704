client_test_libs = $(FG_DEVICE_LIBS) $(FG_TEST_LIBS)
client_test_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(PROTOBUF_C_CFLAGS)
check_PROGRAMS += tests/client/e2e_test
TESTS += tests/client/e2e_test
tests_client_e2e_test_SOURCES = tests/client/e2e_test.c
tests_client_e2e_test_CPPFLAGS = $(client_test_cppflags)
tests_client_e2e_test_LDADD = $(client_test_libs)
