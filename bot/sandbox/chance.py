"""Seeded randomness: every question has its own generator, so that threads cannot disturb each other's answers."""

import hashlib
import random


class Chance:
    """`about(*what)` gives the same generator for the same seed and question in every run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def about(self, *what: object) -> random.Random:
        return random.Random(f"{self.seed}:" + ":".join(map(str, what)))

    def letters(self, length: int, *what: object) -> str:
        """Letters and digits for ids and tokens; cheaper than a generator."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        raw = hashlib.shake_128(f"{self.seed}:{':'.join(map(str, what))}".encode()).digest(length)
        return "".join(alphabet[byte & 63] for byte in raw)
