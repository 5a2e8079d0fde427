"""Counts what checks find, and prints what tests/run_all.py reads."""


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def expect(self, name, fine, text=""):
        self.passed, self.failed = self.passed + bool(fine), self.failed + (not fine)
        if not fine:
            print(f"FAILED {name}: {text}")

    def skip(self, name, reason):
        self.skipped += 1
        print(f"skipped: {name}: {reason}")

    def close(self):
        """Prints the sum; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0
