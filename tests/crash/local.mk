# tests/crash: kill -9 of every process of the gateway, run by tools/check with pytest.
EXTRA_DIST += %D%/kill_test.py %D%/relay_steps_test.py %D%/steps_test.py
noinst_PROGRAMS += %D%/crash_device
%C%_crash_device_SOURCES = %D%/crash_device.c
%C%_crash_device_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(PROTOBUF_C_CFLAGS)
%C%_crash_device_LDADD = $(FG_DEVICE_LIBS)
