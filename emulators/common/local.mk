# emulators/common: what the emulators share: outcomes, scripts, the control socket and its client, counters.
noinst_LIBRARIES += %D%/libfgemu.a
%C%_libfgemu_a_SOURCES = %D%/outcome.c %D%/outcome.h %D%/digits.def %D%/words.c %D%/words.h %D%/due.c %D%/due.h %D%/control.c \
	%D%/control.h %D%/ask.c %D%/ask.h %D%/counters.c %D%/counters.h %D%/show.c %D%/show.h %D%/join.c %D%/join.h %D%/file.c %D%/file.h \
	%D%/trouble.c %D%/trouble.h
%C%_libfgemu_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
