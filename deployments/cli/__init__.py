"""The command line: manual reruns, replay, trace, holds, and the demo. Commands are imported when they are called."""
