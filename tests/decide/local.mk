decide_tests = tests/decide/decide_test tests/decide/exhaustive_test tests/decide/policy_test \
	tests/decide/explain_test tests/decide/facts_text_test
decide_scripts = tests/decide/purity_test.sh tests/decide/table_page_test.sh tests/decide/model_test.sh
decide_test_libs = gateway/decide/libfgdecide.a $(FG_TEST_LIBS)
check_PROGRAMS += $(decide_tests)
TESTS += $(decide_tests) $(decide_scripts)
EXTRA_DIST += $(decide_scripts)
tests_decide_decide_test_SOURCES = tests/decide/decide_test.c tests/decide/support.h
tests_decide_decide_test_LDADD = $(decide_test_libs)
tests_decide_exhaustive_test_SOURCES = tests/decide/exhaustive_test.c tests/decide/support.h
tests_decide_exhaustive_test_LDADD = $(decide_test_libs)
tests_decide_policy_test_SOURCES = tests/decide/policy_test.c tests/decide/support.h
tests_decide_policy_test_LDADD = $(decide_test_libs)
tests_decide_explain_test_SOURCES = tests/decide/explain_test.c tests/decide/support.h
tests_decide_explain_test_LDADD = $(decide_test_libs)
tests_decide_facts_text_test_SOURCES = tests/decide/facts_text_test.c tests/decide/support.h
tests_decide_facts_text_test_LDADD = $(decide_test_libs)
