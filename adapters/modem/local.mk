# adapters/modem: AT modems in PDU mode.
adapters_libfgsdk_a_SOURCES += %D%/inbound.c %D%/link.c %D%/profile.c %D%/profile.h %D%/profiles.def \
	%D%/session.c %D%/session.h %D%/session_internal.h %D%/startup.c %D%/state.c %D%/state.h %D%/outbound.c %D%/tell.c
