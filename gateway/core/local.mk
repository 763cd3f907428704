# gateway/core: see core.h for who does what.
noinst_LIBRARIES += %D%/libfgcore.a
%C%_libfgcore_a_SOURCES = %D%/announce.c %D%/apply.c %D%/apply_event.c %D%/budget.c %D%/budget.h %D%/chain.c %D%/core.c %D%/core.h %D%/ctl.c %D%/ctl_internal.h %D%/ctl_links.c %D%/directory.c %D%/directory_change.c %D%/directory_lookup.c \
	%D%/directory_register.c %D%/directory_write.c %D%/facts.c %D%/internal.h %D%/job.c %D%/job.h %D%/message.c \
	%D%/operate.c %D%/order.c %D%/push.c %D%/receipt.c %D%/record.c \
	%D%/relay.c %D%/relay.h %D%/relay_accept.c %D%/relay_ask.c %D%/relay_replace.c %D%/relay_turn.c %D%/relay_commit.c %D%/relay_decide.c %D%/relay_event.c \
	%D%/relay_facts.c %D%/relay_facts.h %D%/relay_internal.h %D%/relay_join.c %D%/relay_secure.c %D%/relay_order.c %D%/relay_quota.c %D%/relay_record.c %D%/relay_states.c \
	%D%/relay_states.def %D%/relay_table.c %D%/relay_tell.c %D%/retry.c %D%/retry.h %D%/rules.c %D%/session.c %D%/session.h \
	%D%/states.c %D%/states.def %D%/step.h %D%/sweep.c
%C%_libfgcore_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
