# tests/emulators: see tests/local.mk
phone_bench = tests/emulators/phone_bench.c tests/emulators/phone_bench.h
phone_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
emulator_tests = tests/emulators/phone_line_test tests/emulators/phone_route_test tests/emulators/phone_air_test \
	tests/emulators/bank_test
check_PROGRAMS += $(emulator_tests)
TESTS += $(emulator_tests)
tests_emulators_phone_line_test_SOURCES = tests/emulators/phone_line_test.c $(phone_bench)
tests_emulators_phone_line_test_CPPFLAGS = $(phone_cppflags)
tests_emulators_phone_line_test_LDADD = $(FG_PHONE_LIBS) $(FG_TEST_LIBS)
tests_emulators_phone_route_test_SOURCES = tests/emulators/phone_route_test.c $(phone_bench)
tests_emulators_phone_route_test_CPPFLAGS = $(phone_cppflags)
tests_emulators_phone_route_test_LDADD = $(FG_PHONE_LIBS) $(FG_TEST_LIBS)
tests_emulators_phone_air_test_SOURCES = tests/emulators/phone_air_test.c $(phone_bench)
tests_emulators_phone_air_test_CPPFLAGS = $(phone_cppflags)
tests_emulators_phone_air_test_LDADD = $(FG_PHONE_LIBS) $(FG_TEST_LIBS)
tests_emulators_bank_test_SOURCES = tests/emulators/bank_test.c
tests_emulators_bank_test_CPPFLAGS = $(phone_cppflags)
tests_emulators_bank_test_LDADD = $(FG_BANK_LIBS) $(FG_TEST_LIBS)
