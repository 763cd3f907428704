# tests/ipc: see tests/local.mk
