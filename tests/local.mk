# Unit tests mirror the tree: tests/<folder>/<file>_test.c, listed in tests/<folder>/local.mk.
check_LIBRARIES += tests/support/libfgtest.a
tests_support_libfgtest_a_SOURCES = tests/support/fg_test.c tests/support/fg_test.h
tests_support_libfgtest_a_CPPFLAGS = $(AM_CPPFLAGS)
EXTRA_DIST += tests/support/tap
FG_TEST_LIBS = tests/support/libfgtest.a lib/base/libfgmin.a $(CMOCKA_LIBS)

include tests/base/local.mk
include tests/wire/local.mk
include tests/crypto/local.mk
include tests/ipc/local.mk
include tests/decide/local.mk
include tests/store/local.mk
include tests/log/local.mk
include tests/vault/local.mk
include tests/core/local.mk
include tests/adapters/local.mk
include tests/emulators/local.mk
include tests/client/local.mk
include tests/parent/local.mk
include tests/fuzz/local.mk
include tests/peers/local.mk
include tests/perf/local.mk
include tests/flows/local.mk
include tests/crash/local.mk
