#pragma once

namespace y6q::dist {

/// Starts the running command again `count` times on this machine, as the processes of one job (place.h), and
/// waits for them. SIGINT, SIGTERM and SIGUSR1 are passed on to all. The first process that fails ends the
/// job: the others notice by themselves, or are ended. Returns the exit code of the first that failed, 0 if
/// none did; 4, after a line on stderr, for one that a signal ended which was not passed on. Throws
/// EnvironmentError when they cannot be started. Call it before the process has threads.
int launch(int count);

}  // namespace y6q::dist
