# lib/base: two archives, since applications embed the first (ISC, no libosmocore) and only the gateway links the second.
noinst_LIBRARIES += %D%/libfgmin.a %D%/libfgbase.a
%C%_libfgmin_a_SOURCES = %D%/cursor.c %D%/cursor.h %D%/error.c %D%/error.h %D%/errors.def \
	%D%/id.c %D%/id.h %D%/handle.c %D%/handle.h
%C%_libfgbase_a_SOURCES = %D%/cage.c %D%/cage.h %D%/clock.c %D%/clock.h %D%/conf.c %D%/conf_ask.c %D%/conf.def %D%/conf.h \
	%D%/conf_change.c %D%/conf_internal.h %D%/conf_policy.c %D%/conf_read.c %D%/conf_reference.c %D%/conf_texts.c %D%/fault.h %D%/log.c %D%/log.h %D%/loop.c \
	%D%/loop.h %D%/network.c %D%/network.h
if FAULT_POINTS
%C%_libfgbase_a_SOURCES += %D%/fault.c
endif
%C%_libfgbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(CONFIG_CFLAGS) $(SECCOMP_CFLAGS)
