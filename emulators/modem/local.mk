# emulators/modem: the modem for tests, as an archive without I/O and as a program.
noinst_LIBRARIES += %D%/libfgphone.a
%C%_libfgphone_a_SOURCES = %D%/phone.h %D%/state.h %D%/line.c %D%/params.c %D%/dispatch.c %D%/at.h %D%/commands.def \
	%D%/at_identity.c %D%/at_network.c %D%/at_sim.c %D%/at_sms.c %D%/at_send.c %D%/store.c %D%/text.c %D%/route.c %D%/air.c \
	%D%/build.c %D%/phone.c %D%/faults.c %D%/profile.c %D%/profiles.def %D%/errors.def %D%/counters.def
%C%_libfgphone_a_CPPFLAGS = $(AM_CPPFLAGS) $(TALLOC_CFLAGS)
FG_PHONE_LIBS = emulators/modem/libfgphone.a emulators/common/libfgemu.a lib/wire/libfgwire.a lib/base/libfgbase.a \
	lib/base/libfgmin.a $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(EVENT_LIBS)
bin_PROGRAMS += %D%/fallgate-modem
noinst_LIBRARIES += %D%/libfgbank.a
%C%_libfgbank_a_SOURCES = %D%/bank.c %D%/bank.h %D%/bank_state.h %D%/link.c %D%/link.h %D%/control.c %D%/transcript.c %D%/transcript.h
%C%_libfgbank_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
FG_BANK_LIBS = emulators/modem/libfgbank.a $(FG_PHONE_LIBS)
%C%_fallgate_modem_SOURCES = %D%/main.c %D%/arguments.c %D%/arguments.h %D%/command.c %D%/command.h %D%/view.c %D%/view.h
%C%_fallgate_modem_CPPFLAGS = $(%C%_libfgbank_a_CPPFLAGS)
%C%_fallgate_modem_LDADD = $(FG_BANK_LIBS)
