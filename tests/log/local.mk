# tests/log: see tests/local.mk
