# tests/adapters: see tests/local.mk
adapter_tests = tests/adapters/contract_test tests/adapters/smpp_session_test tests/adapters/smsc_test tests/adapters/link_main_test
check_PROGRAMS += $(adapter_tests)
TESTS += $(adapter_tests)
adapter_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(SODIUM_CFLAGS)
adapter_recorder = tests/adapters/recorder.c tests/adapters/recorder.h
tests_adapters_contract_test_SOURCES = tests/adapters/contract_test.c $(adapter_recorder)
tests_adapters_contract_test_CPPFLAGS = $(adapter_cppflags)
tests_adapters_contract_test_LDADD = emulators/smsc/libfgsmsc.a $(FG_ADAPTER_LIBS) $(FG_TEST_LIBS)
tests_adapters_smpp_session_test_SOURCES = tests/adapters/smpp_session_test.c $(adapter_recorder)
tests_adapters_smpp_session_test_CPPFLAGS = $(adapter_cppflags)
tests_adapters_smpp_session_test_LDADD = $(FG_ADAPTER_LIBS) $(FG_TEST_LIBS)
tests_adapters_smsc_test_SOURCES = tests/adapters/smsc_test.c $(adapter_recorder)
tests_adapters_smsc_test_CPPFLAGS = $(adapter_cppflags)
tests_adapters_smsc_test_LDADD = emulators/smsc/libfgsmsc.a $(FG_ADAPTER_LIBS) $(FG_TEST_LIBS)
tests_adapters_link_main_test_SOURCES = tests/adapters/link_main_test.c
tests_adapters_link_main_test_CPPFLAGS = $(adapter_cppflags)
tests_adapters_link_main_test_LDADD = $(FG_ADAPTER_LIBS) $(FG_TEST_LIBS) $(SECCOMP_LIBS)
