crypto_tests = tests/crypto/clear_test tests/crypto/crypto_test tests/crypto/hpke_test tests/crypto/merkle_test \
	tests/crypto/note_test tests/crypto/secretfile_test
check_PROGRAMS += $(crypto_tests)
TESTS += $(crypto_tests)
FG_CRYPTO_TEST_LIBS = tests/support/libfgtest.a $(FG_CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_crypto_clear_test_SOURCES = tests/crypto/clear_test.c
tests_crypto_clear_test_LDADD = $(FG_CRYPTO_TEST_LIBS)
tests_crypto_crypto_test_SOURCES = tests/crypto/crypto_test.c
tests_crypto_crypto_test_LDADD = $(FG_CRYPTO_TEST_LIBS)
tests_crypto_hpke_test_SOURCES = tests/crypto/hpke_test.c
tests_crypto_hpke_test_LDADD = $(FG_CRYPTO_TEST_LIBS)
tests_crypto_merkle_test_SOURCES = tests/crypto/merkle_test.c
tests_crypto_merkle_test_LDADD = $(FG_CRYPTO_TEST_LIBS)
tests_crypto_note_test_SOURCES = tests/crypto/note_test.c
tests_crypto_note_test_LDADD = $(FG_CRYPTO_TEST_LIBS)
tests_crypto_secretfile_test_SOURCES = tests/crypto/secretfile_test.c
tests_crypto_secretfile_test_LDADD = $(FG_CRYPTO_TEST_LIBS)
