# client/ctl: the operator's tool.
bin_PROGRAMS += fallgatectl
fallgatectl_SOURCES = %D%/explain_code.c %D%/explain_code.h %D%/hash_secret.c %D%/hash_secret.h %D%/main.c
fallgatectl_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
fallgatectl_LDADD = lib/ipc/libfgipc.a lib/wire/libfgwire.a $(FG_STORE_LIBS) $(FG_CRYPTO_LIBS)
dist_man_MANS += docs/man/fallgatectl.8
