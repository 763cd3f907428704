# tests/flows: see tests/local.mk
