# lib/ipc: frames and channels between the processes of a gateway, and what those processes have in common.
noinst_LIBRARIES += %D%/libfgipc.a
%C%_libfgipc_a_SOURCES = %D%/ipc.def %D%/ipc_nofields.h %D%/ipc_undef.h %D%/frame.c %D%/frame.h \
	%D%/channel.c %D%/channel.h %D%/role.c %D%/role.h
%C%_libfgipc_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
