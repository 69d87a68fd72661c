"""tensorboard_referee.py FILE: reads an event file with TensorBoard's own loader and prints its scalars as JSON,
[[tag, step, value, wall time], …], to FILE.json. Exits with 77 when the package is absent."""
import json
import sys

try:
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)

events = list(LegacyEventFileLoader(sys.argv[1]).Load())
assert events[0].file_version == "brain.Event:2", events[0]
assert [e.step for e in events if e.session_log.status == 1] == [5], "the start of the session"
scalars = [[v.tag, e.step, v.simple_value, e.wall_time] for e in events[1:] for v in e.summary.value]
json.dump(scalars, open(sys.argv[1] + ".json", "w"))
