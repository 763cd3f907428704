# tests/adapters: see tests/local.mk
