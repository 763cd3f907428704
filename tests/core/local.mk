# tests/core: see tests/local.mk
