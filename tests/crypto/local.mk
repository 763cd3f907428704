# tests/crypto: see tests/local.mk
