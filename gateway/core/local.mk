# gateway/core: directory, decisions, queues, receipts, control socket.
noinst_LIBRARIES += %D%/libfgcore.a
%C%_libfgcore_a_SOURCES = %D%/core.c %D%/core.h %D%/internal.h %D%/job.h %D%/session.c %D%/session.h \
	%D%/directory.c %D%/directory_change.c %D%/directory_register.c %D%/directory_write.c %D%/push.c %D%/ctl.c
%C%_libfgcore_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
