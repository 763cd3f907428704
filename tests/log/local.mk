# tests/log: ledger_test and known_test share the fixture of tests/vault and are listed there.
check_PROGRAMS += tests/log/index_test
TESTS += tests/log/index_test
tests_log_index_test_SOURCES = tests/log/index_test.c
tests_log_index_test_CPPFLAGS = $(fg_chain_cppflags)
tests_log_index_test_LDADD = $(fg_chain_libs)
check_PROGRAMS += tests/log/journal_test
TESTS += tests/log/journal_test
tests_log_journal_test_SOURCES = tests/log/journal_test.c
tests_log_journal_test_CPPFLAGS = $(fg_chain_cppflags)
tests_log_journal_test_LDADD = $(fg_chain_libs)
# The test is the disk.
tests_log_journal_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=pwrite -Wl,--wrap=ftruncate
check_PROGRAMS += tests/log/table_test
TESTS += tests/log/table_test
tests_log_table_test_SOURCES = tests/log/table_test.c
tests_log_table_test_CPPFLAGS = $(fg_chain_cppflags)
tests_log_table_test_LDADD = $(fg_chain_libs)
check_PROGRAMS += tests/log/leaves_test
TESTS += tests/log/leaves_test
tests_log_leaves_test_SOURCES = tests/log/leaves_test.c
tests_log_leaves_test_CPPFLAGS = $(fg_chain_cppflags)
tests_log_leaves_test_LDADD = $(fg_chain_libs)
