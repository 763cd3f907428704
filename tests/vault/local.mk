# tests/vault: see tests/local.mk
