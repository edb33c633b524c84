"""The acceptance run: cutover in a real account, with what AWS does beside it. `make acceptance ENV=…`."""
