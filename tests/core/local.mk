fg_core_tests = tests/core/session_test tests/core/directory_test tests/core/push_test tests/core/ctl_test tests/core/states_test
check_PROGRAMS += $(fg_core_tests)
TESTS += $(fg_core_tests)
fg_core_fixture = tests/core/fixture.c tests/core/fixture.h
fg_core_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
fg_core_libs = gateway/core/libfgcore.a gateway/decide/libfgdecide.a lib/proto/libfgproto.a lib/ipc/libfgipc.a \
	tests/support/libfgtest.a gateway/store/libfgstore.a lib/base/libfgbase.a $(FG_CRYPTO_LIBS) $(FG_STORE_LIBS) \
	$(CONFIG_LIBS) $(SECCOMP_LIBS) $(PROTOBUF_C_LIBS) $(CMOCKA_LIBS)
tests_core_session_test_SOURCES = tests/core/session_test.c $(fg_core_fixture)
tests_core_session_test_CPPFLAGS = $(fg_core_cppflags)
tests_core_session_test_LDADD = $(fg_core_libs)
tests_core_directory_test_SOURCES = tests/core/directory_test.c $(fg_core_fixture)
tests_core_directory_test_CPPFLAGS = $(fg_core_cppflags)
tests_core_directory_test_LDADD = $(fg_core_libs)
tests_core_push_test_SOURCES = tests/core/push_test.c $(fg_core_fixture)
tests_core_push_test_CPPFLAGS = $(fg_core_cppflags)
tests_core_push_test_LDADD = $(fg_core_libs)
tests_core_ctl_test_SOURCES = tests/core/ctl_test.c $(fg_core_fixture)
tests_core_ctl_test_CPPFLAGS = $(fg_core_cppflags)
tests_core_ctl_test_LDADD = $(fg_core_libs)
tests_core_states_test_SOURCES = tests/core/states_test.c
tests_core_states_test_CPPFLAGS = $(fg_core_cppflags)
tests_core_states_test_LDADD = $(fg_core_libs)
check_PROGRAMS += tests/core/budget_test
TESTS += tests/core/budget_test
tests_core_budget_test_SOURCES = tests/core/budget_test.c
tests_core_budget_test_CPPFLAGS = $(fg_core_cppflags)
tests_core_budget_test_LDADD = $(fg_core_libs)
