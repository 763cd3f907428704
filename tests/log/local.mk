# tests/log: ledger_test shares the fixture of tests/vault and is listed there.
check_PROGRAMS += tests/log/journal_test
TESTS += tests/log/journal_test
tests_log_journal_test_SOURCES = tests/log/journal_test.c
tests_log_journal_test_CPPFLAGS = $(fg_chain_cppflags)
tests_log_journal_test_LDADD = $(fg_chain_libs)
# The test is the disk.
tests_log_journal_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fdatasync -Wl,--wrap=pwrite -Wl,--wrap=ftruncate
