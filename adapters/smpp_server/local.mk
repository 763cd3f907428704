# adapters/smpp_server: SMPP 3.4 as an SMSC for applications.
adapters_libfgsdk_a_SOURCES += %D%/server.c %D%/deliver.c %D%/server.h %D%/session.c %D%/submit.c %D%/tell.c
