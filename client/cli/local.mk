# client/cli: the program fallgate.
bin_PROGRAMS += fallgate
fallgate_SOURCES = %D%/account.c %D%/cli.c %D%/cli.h %D%/commands.c %D%/help.c %D%/print.c %D%/send.c
fallgate_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(PROTOBUF_C_CFLAGS)
fallgate_LDADD = $(FG_DEVICE_LIBS)
