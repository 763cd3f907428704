# tests/store: see tests/local.mk
