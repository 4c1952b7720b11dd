"""What training and inference cost on this machine, beside networks in plain PyTorch.

rows.py                what is measured, in which order, and what is made of it
measure.py             one measurement, in a process of its own
reference_networks.py  the networks in plain PyTorch that models are compared with
"""

from keras_s4ntm.benchmark.rows import REFERENCES, Row, reference_of, run

__all__ = ["REFERENCES", "Row", "reference_of", "run"]
