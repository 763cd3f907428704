# tests/wire: see tests/local.mk
wire_tests = tests/wire/utf8_test tests/wire/alphabet_test tests/wire/national_test tests/wire/udh_test \
	tests/wire/smpp_test tests/wire/smpp_text_test tests/wire/smpp_status_test tests/wire/dlr_test tests/wire/cms_test \
	tests/wire/tpdu_test tests/wire/tpdu_fields_test
check_PROGRAMS += $(wire_tests)
TESTS += $(wire_tests)
wire_libs = lib/wire/libfgwire.a $(FG_TEST_LIBS)
tests_wire_utf8_test_SOURCES = tests/wire/utf8_test.c
tests_wire_utf8_test_LDADD = $(wire_libs)
tests_wire_alphabet_test_SOURCES = tests/wire/alphabet_test.c
tests_wire_alphabet_test_LDADD = $(wire_libs)
tests_wire_national_test_SOURCES = tests/wire/national_test.c
tests_wire_national_test_LDADD = $(wire_libs)
tests_wire_udh_test_SOURCES = tests/wire/udh_test.c
tests_wire_udh_test_LDADD = $(wire_libs)
tests_wire_smpp_test_SOURCES = tests/wire/smpp_test.c
tests_wire_smpp_test_LDADD = $(wire_libs)
tests_wire_smpp_text_test_SOURCES = tests/wire/smpp_text_test.c
tests_wire_smpp_text_test_LDADD = $(wire_libs)
tests_wire_smpp_status_test_SOURCES = tests/wire/smpp_status_test.c
tests_wire_smpp_status_test_LDADD = $(wire_libs)
tests_wire_dlr_test_SOURCES = tests/wire/dlr_test.c
tests_wire_dlr_test_LDADD = $(wire_libs)
tests_wire_cms_test_SOURCES = tests/wire/cms_test.c
tests_wire_cms_test_LDADD = $(wire_libs)
tests_wire_tpdu_test_SOURCES = tests/wire/tpdu_test.c tests/wire/tpdu_sample.c tests/wire/tpdu_sample.h
tests_wire_tpdu_test_LDADD = $(wire_libs)
tests_wire_tpdu_fields_test_SOURCES = tests/wire/tpdu_fields_test.c
tests_wire_tpdu_fields_test_LDADD = $(wire_libs)
check_PROGRAMS += tests/wire/at_test
TESTS += tests/wire/at_test
tests_wire_at_test_SOURCES = tests/wire/at_test.c
tests_wire_at_test_LDADD = $(wire_libs)
