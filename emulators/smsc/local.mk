# emulators/smsc: the SMSC for tests, as an archive and as a program.
noinst_LIBRARIES += %D%/libfgsmsc.a
%C%_libfgsmsc_a_SOURCES = %D%/smsc.c %D%/smsc.h %D%/smsc_internal.h %D%/center.h %D%/session.c %D%/outcome.c %D%/deliver.c \
	%D%/later.c %D%/slots.c %D%/join.c %D%/capture.c %D%/script.c %D%/control.c %D%/counters.c %D%/counters.def
%C%_libfgsmsc_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
FG_SMSC_LIBS = emulators/smsc/libfgsmsc.a emulators/common/libfgemu.a lib/wire/libfgwire.a lib/base/libfgbase.a lib/base/libfgmin.a \
	$(OSMOCORE_LIBS) $(TALLOC_LIBS) $(EVENT_LIBS)
bin_PROGRAMS += %D%/fallgate-smsc
%C%_fallgate_smsc_SOURCES = %D%/main.c %D%/arguments.c %D%/arguments.h %D%/command.c %D%/command.h %D%/tls.c %D%/tls.h
%C%_fallgate_smsc_CPPFLAGS = $(%C%_libfgsmsc_a_CPPFLAGS) $(EVENT_SSL_CFLAGS)
%C%_fallgate_smsc_LDADD = $(FG_SMSC_LIBS) $(EVENT_SSL_LIBS)
