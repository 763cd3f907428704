# adapters/smpp: SMPP 3.4 as ESME.
adapters_libfgsdk_a_SOURCES += %D%/account.c %D%/account.h %D%/ids.c %D%/ids.h %D%/inbound.c %D%/link.c %D%/message.c %D%/pace.c \
	%D%/pace.h %D%/queries.c %D%/queries.h %D%/query.c %D%/report.c %D%/session.c %D%/session.h %D%/session_internal.h %D%/socket.c %D%/socket.h %D%/submit.c %D%/tls.c %D%/tls.h %D%/window.c %D%/window.h
# What a program with adapters links, in this order.
FG_ADAPTER_LIBS = adapters/libfgsdk.a adapters/libfgpem.a lib/ipc/libfgipc.a lib/wire/libfgwire.a lib/crypto/libfgcrypto.a lib/base/libfgbase.a \
	lib/base/libfgmin.a $(SODIUM_LIBS) $(CONFIG_LIBS) $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(EVENT_SSL_LIBS) $(EVENT_LIBS)
