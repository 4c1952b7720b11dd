"""What drives the heads: see `controller.py` for the contract."""
