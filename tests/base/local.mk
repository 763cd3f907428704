check_PROGRAMS += tests/base/base_test
TESTS += tests/base/base_test
tests_base_base_test_SOURCES = tests/base/base_test.c
tests_base_base_test_LDADD = lib/base/libfgmin.a $(FG_TEST_LIBS)
