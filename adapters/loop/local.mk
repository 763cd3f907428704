# adapters/loop: the model adapter.
adapters_libfgsdk_a_SOURCES += %D%/loop.c
