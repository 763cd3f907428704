# gateway/log: the transparency log; and what the log and the vault have in common (libfgchain).
noinst_LIBRARIES += %D%/libfgchain.a %D%/libfglog.a
%C%_libfgchain_a_SOURCES = %D%/index.c %D%/index.h %D%/journal.c %D%/journal.h %D%/keyring.c %D%/keyring.h \
	%D%/order_check.c %D%/order_check.h %D%/relay_check.c %D%/relay_check.h %D%/table.c %D%/table.h
%C%_libfgchain_a_CPPFLAGS = $(AM_CPPFLAGS) $(OSMOCORE_CFLAGS) $(PROTOBUF_C_CFLAGS) $(TALLOC_CFLAGS)
%C%_libfglog_a_SOURCES = %D%/leaves.c %D%/leaves.h %D%/spill.c %D%/spill.h \
	%D%/ledger.c %D%/ledger_account.c %D%/ledger.h %D%/ledger_file.c %D%/ledger_known.c %D%/ledger_out.c %D%/ledger_relay.c %D%/ledger_internal.h %D%/log_main.c %D%/log_main.h
%C%_libfglog_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
