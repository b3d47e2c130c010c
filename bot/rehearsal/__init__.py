"""The rehearsal of a year: the shop's own parts against a platform of its own, with simulated customers and owner.

Nothing real is touched: the shop works in a folder that is thrown away. It may import nearly everything, and nothing but
``app.py`` imports it.
"""
