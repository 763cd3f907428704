# gateway/vault: the only process of the gateway itself that reads clear text.
noinst_LIBRARIES += %D%/libfgvault.a
%C%_libfgvault_a_SOURCES = %D%/vault.c %D%/vault.h %D%/vault_internal.h %D%/vault_open.c %D%/vault_file.c %D%/vault_legs.c %D%/vault_inbound.c %D%/vault_relay.c %D%/vault_ask.c \
	%D%/vault_copies.c %D%/reseal.c %D%/reseal.h %D%/storekey.c %D%/storekey.h \
	%D%/mark.c %D%/mark.h %D%/vault_main.c %D%/vault_main.h
%C%_libfgvault_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
