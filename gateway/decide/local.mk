# gateway/decide: pure; tests/decide/purity_test.sh compares what the archive leaves undefined with an allow-list.
noinst_LIBRARIES += %D%/libfgdecide.a
%C%_libfgdecide_a_SOURCES = %D%/decide.c %D%/decide.h %D%/reasons.def %D%/names.c \
	%D%/table.c %D%/table.h %D%/table.def %D%/link.c %D%/link.h %D%/policy.c %D%/policy.h \
	%D%/explain.c %D%/explain.h %D%/facts_text.c %D%/facts_text.h %D%/facts.def \
	%D%/prose.c %D%/prose.h
