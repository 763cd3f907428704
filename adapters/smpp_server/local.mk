# adapters/smpp_server: SMPP 3.4 as an SMSC for applications.
adapters_libfgsdk_a_SOURCES += %D%/ask.c %D%/deliver.c %D%/fields.c %D%/fields.h %D%/listener.c %D%/login.c %D%/multi.c %D%/server.c %D%/server.h \
	%D%/session.c %D%/submit.c %D%/tell.c %D%/tls.c %D%/tls.h %D%/words.c %D%/words.h
