check_PROGRAMS += tests/base/base_test
TESTS += tests/base/base_test
tests_base_base_test_SOURCES = tests/base/base_test.c
tests_base_base_test_LDADD = lib/base/libfgmin.a $(FG_TEST_LIBS)
check_PROGRAMS += tests/base/conf_test
TESTS += tests/base/conf_test
tests_base_conf_test_SOURCES = tests/base/conf_test.c
tests_base_conf_test_LDADD = lib/base/libfgbase.a $(FG_TEST_LIBS) $(CONFIG_LIBS)
