"""What ends a run early: a sentence for the person, or a signal."""


class Problem(Exception):
    """Cannot go on; the text is a sentence that says why."""


class Stopped(Exception):
    """Raised by the signal handlers, so that a signal unwinds like any failure and all is removed."""

    def __init__(self, signal_number):
        super().__init__(f"signal {signal_number}")
        self.signal_number = signal_number
