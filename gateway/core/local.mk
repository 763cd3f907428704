# gateway/core: see core.h for who does what.
noinst_LIBRARIES += %D%/libfgcore.a
%C%_libfgcore_a_SOURCES = %D%/apply.c %D%/core.h %D%/facts.c %D%/job.c %D%/job.h %D%/message.c %D%/order.c \
	%D%/receipt.c %D%/record.c %D%/session.h %D%/step.h
# gateway/core: directory, decisions, queues, receipts, control socket.
noinst_LIBRARIES += %D%/libfgcore.a
%C%_libfgcore_a_SOURCES = %D%/core.c %D%/core.h %D%/internal.h %D%/job.h %D%/session.c %D%/session.h \
	%D%/directory.c %D%/directory_change.c %D%/directory_register.c %D%/directory_write.c %D%/push.c %D%/ctl.c
%C%_libfgcore_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
