# client/ctl: the operator's tool; what a probe does and finds is an archive, for its test.
noinst_LIBRARIES += %D%/libfgprobe.a
%C%_libfgprobe_a_SOURCES = %D%/probe.c %D%/probe.h %D%/probe_internal.h %D%/probe_print.c %D%/probe_print.h %D%/probe_result.c
%C%_libfgprobe_a_CPPFLAGS = $(AM_CPPFLAGS) $(TALLOC_CFLAGS)
bin_PROGRAMS += fallgatectl
fallgatectl_SOURCES = %D%/explain_code.c %D%/explain_code.h %D%/hash_secret.c %D%/hash_secret.h %D%/main.c %D%/probe_run.c %D%/probe_run.h
fallgatectl_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
fallgatectl_LDADD = %D%/libfgprobe.a lib/ipc/libfgipc.a lib/wire/libfgwire.a $(FG_STORE_LIBS) $(FG_CRYPTO_LIBS) $(CONFIG_LIBS) $(EVENT_SSL_LIBS)
dist_man_MANS += docs/man/fallgatectl.8
