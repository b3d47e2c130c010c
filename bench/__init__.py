"""Measurements: how fast the product is beside the ways others would build it, taken in one run on one machine.

``make bench`` runs them all and writes ``bench/RESULTS.md``; every figure that counts is a ratio within the run.
"""
