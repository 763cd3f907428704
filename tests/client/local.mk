# tests/client: see tests/local.mk
