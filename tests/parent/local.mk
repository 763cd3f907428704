# fallgated with roles that only say what happens to them, and a parent that starts them.
fg_parent_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
check_PROGRAMS += tests/parent/parent_test tests/parent/reload_test tests/parent/fallgated_fixture
TESTS += tests/parent/parent_test tests/parent/reload_test
tests_parent_fallgated_fixture_SOURCES = tests/parent/role_fixture.c gateway/parent/main.c
tests_parent_fallgated_fixture_CPPFLAGS = $(fg_parent_cppflags)
tests_parent_fallgated_fixture_LDADD = $(FG_PARENT_LIBS)
tests_parent_parent_test_SOURCES = tests/parent/parent_test.c tests/parent/whole.c tests/parent/whole.h
tests_parent_parent_test_CPPFLAGS = $(fg_parent_cppflags)
tests_parent_parent_test_LDADD = $(FG_PARENT_LIBS) $(FG_TEST_LIBS)
# It runs the other one: who builds the test alone needs both.
EXTRA_tests_parent_parent_test_DEPENDENCIES = tests/parent/fallgated_fixture$(EXEEXT)
tests_parent_reload_test_SOURCES = tests/parent/reload_test.c tests/parent/whole.c tests/parent/whole.h
tests_parent_reload_test_CPPFLAGS = $(fg_parent_cppflags)
tests_parent_reload_test_LDADD = $(FG_PARENT_LIBS) $(FG_TEST_LIBS)
EXTRA_tests_parent_reload_test_DEPENDENCIES = tests/parent/fallgated_fixture$(EXEEXT)
check_PROGRAMS += tests/parent/devices_test
TESTS += tests/parent/devices_test
tests_parent_devices_test_SOURCES = tests/parent/devices_test.c
tests_parent_devices_test_CPPFLAGS = $(fg_parent_cppflags)
tests_parent_devices_test_LDADD = $(FG_PARENT_LIBS) $(FG_TEST_LIBS)
