# A target: fuzz_targets gets tests/fuzz/<name>_fuzz, its _SOURCES tests/fuzz/<name>_fuzz.c $(fuzz_main), its corpus
# a folder tests/fuzz/corpus/<name> with at least one file.
if FUZZING
fuzz_main = tests/fuzz/fuzz.h
fuzz_link_flags = -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/replay.c tests/fuzz/fuzz.h
fuzz_link_flags =
endif
fuzz_targets =
EXTRA_DIST += tests/fuzz/corpus
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
fuzz_targets += tests/fuzz/facts_text_fuzz
tests_fuzz_facts_text_fuzz_SOURCES = tests/fuzz/facts_text_fuzz.c $(fuzz_main)
tests_fuzz_facts_text_fuzz_LDADD = gateway/decide/libfgdecide.a
tests_fuzz_facts_text_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
